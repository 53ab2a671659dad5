"""The folders that the container works in, and who owns them: the files made there belong to the host user.

Nothing runs as root in the container. Where the host user is root, the checkout's owner stands in, or UID 1000.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Tuple

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

FOLDERS = ("data/raw", "models/final", "runs")
STAND_IN = (1000, 1000)


def owner(host: Host, checkout: Path) -> Tuple[int, int]:
    """UID and GID of the container's user; never 0."""
    if host.uid:
        return host.uid, host.gid
    if host.environ.get("SUDO_UID", "0") != "0":
        return int(host.environ["SUDO_UID"]), int(host.environ.get("SUDO_GID", host.environ["SUDO_UID"]))
    found = checkout.stat()
    return (found.st_uid, found.st_gid) if found.st_uid else STAND_IN


def prepare(host: Host, settings: Settings, state: State) -> Tuple[int, int]:
    """Make the folders; return who will own them."""
    state.create()
    for folder in FOLDERS:
        (settings.plan.mount / folder).mkdir(parents=True, exist_ok=True)
    found = owner(host, state.checkout)
    if host.is_root:
        for name in ("notebooks", "scripts"):
            _give(state.checkout / name, found)
        _give(settings.plan.mount, found)
    return found


def hand_over(host: Host, state: State, found: Tuple[int, int]) -> None:
    """Let the container's user read its own part of .workbench/."""
    if host.is_root:
        _give(state.container, found)
        os.chown(state.ca_bundle, *found)


def _give(top: Path, found: Tuple[int, int]) -> None:
    for folder, folders, files in os.walk(str(top)):
        for name in [".", *folders, *files]:
            path = os.path.join(folder, name)
            if os.lstat(path).st_uid == 0:
                os.lchown(path, *found)
