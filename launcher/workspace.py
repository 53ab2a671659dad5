"""The folders that the container works in, and who owns them: the files made there belong to the host user.

Nothing runs as root in the container. Where the host user is root, the one behind sudo, the checkout's owner
or UID 1000 stands in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import RequestError
from launcher.probes.files import MOUNTED, SHARED, container_user

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

FOLDERS = ("data/raw", "models/final", "runs")


def prepare(host: Host, settings: Settings, state: State) -> tuple[int, int]:
    """Make the folders; return who will own them.

    Of a folder that was there before, only what the container sees is handed over.
    """
    mount, found = settings.plan.mount, container_user(host, state.checkout)
    _refuse_roots_own(host, mount)
    new = not mount.exists()
    for folder in FOLDERS:
        (mount / folder).mkdir(parents=True, exist_ok=True)
    if host.is_root:
        for place in (*(state.checkout / name for name in SHARED), *(mount / name for name in MOUNTED)):
            _give(place, found)
        if new:
            os.lchown(str(mount), *found)
    return found


def _refuse_roots_own(host: Host, mount: Path) -> None:
    homes = {"/root", os.path.realpath(host.home)} if host.is_root else {"/root"}
    if os.path.realpath(mount) in {"/", *homes}:
        raise RequestError(
            f"WORKSPACE={mount}: the system's or root's own folder. Accepted is one for data, models and runs"
            f" alone, such as WORKSPACE={mount / 'workbench'}"
        )


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
