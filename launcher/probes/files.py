"""The checkout and the folder that is mounted: who owns it, may we write, what file system is it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.host import Host
    from launcher.plan import Plan

CHILDREN = ("", "data", "models", "runs")


@dataclass(frozen=True)
class Files:
    """strangers: folders below the mount that belong to someone else, with the owner's number."""

    mount: Path
    checkout: Path
    uid: int
    gid: int
    strangers: tuple[tuple[str, int], ...] = ()
    read_only: tuple[str, ...] = ()
    file_system: str = ""
    sudo_user: str | None = None


def look(host: Host, plan: Plan) -> Files:
    """The mount and its first level, which is what the container must write to."""
    folders = [plan.mount / child if child else plan.mount for child in CHILDREN]
    stats = [(str(folder), host.stat(folder)) for folder in folders]
    return Files(
        mount=plan.mount,
        checkout=plan.checkout,
        uid=host.uid,
        gid=host.gid,
        strangers=tuple((name, stat.uid) for name, stat in stats if stat and stat.uid != host.uid),
        read_only=tuple(name for name, stat in stats if stat and not host.can_write(name)),
        file_system=_file_system(host, str(plan.mount)),
        sudo_user=host.environ.get("SUDO_USER") if host.is_root else None,
    )


def _file_system(host: Host, path: str) -> str:
    """The type of the deepest mount above `path`, from /proc/self/mounts: "drvfs /mnt/c 9p rw 0 0"."""
    rows = [line.split() for line in (host.read_text("/proc/self/mounts") or "").splitlines()]
    above = [(row[1].replace("\\040", " "), row[2]) for row in rows if len(row) > 2]
    above = [row for row in above if _is_below(path, row[0])]
    return max(above, key=lambda row: len(row[0]))[1] if above else ""


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(folder.rstrip("/") + "/")
