"""The folders that the container works in, and who owns them: the files made there belong to the host user.

Nothing runs as root in the container. Where the host user is root, the one behind sudo, the checkout's owner
or UID 1000 stands in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.probes.files import container_user

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

FOLDERS = ("data/raw", "models/final", "runs")
SHARED = ("notebooks", "scripts", "benchmarks")


def prepare(host: Host, settings: Settings, state: State) -> tuple[int, int]:
    """Make the folders; return who will own them."""
    for folder in FOLDERS:
        (settings.plan.mount / folder).mkdir(parents=True, exist_ok=True)
    found = container_user(host, state.checkout)
    if host.is_root:
        for place in (*(state.checkout / name for name in SHARED), settings.plan.mount):
            _give(place, found)
    return found


def hand_over(host: Host, state: State) -> None:
    """Let the container's user read its own part of .workbench/."""
    if host.is_root:
        found = container_user(host, state.checkout)
        _give(state.container, found)
        os.chown(str(state.ca_bundle), *found)


def _give(top: Path, found: tuple[int, int]) -> None:
    """What is root's becomes theirs; what belongs to anybody else stays."""
    for folder, folders, files in os.walk(str(top)):
        for path in (Path(folder), *(Path(folder) / name for name in (*folders, *files))):
            if path.lstat().st_uid == 0:
                os.lchown(str(path), *found)
