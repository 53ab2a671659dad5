"""The checkout and the folder that is mounted: who owns it, may we write, what file system is it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.host import Host
    from launcher.plan import Plan

# what the container works in, below the mount and below the checkout
MOUNTED = ("data", "models", "runs")
SHARED = ("notebooks", "scripts", "benchmarks")
LABELS = (":container_file_t:", ":svirt_sandbox_file_t:")
STAND_IN = 1000


@dataclass(frozen=True)
class Files:
    """owner: the number of the container's user; strangers: folders of others, with their numbers.

    closed: folders that SELinux keeps from the container; file_system, checkout_system: the mount's type, and
    the checkout's.
    """

    mount: Path
    checkout: Path
    owner: int
    strangers: tuple[tuple[str, int], ...] = ()
    read_only: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    file_system: str = ""
    checkout_system: str = ""
    sudo_user: str | None = None


def look(host: Host, plan: Plan) -> Files:
    """The mount and its first level, which is what the container must write to."""
    folders = [plan.mount, *(plan.mount / name for name in MOUNTED)]
    stats = [(str(folder), host.stat(folder)) for folder in folders]
    owner, _ = container_user(host, plan.checkout)
    # root hands its own files over to the container's user by itself
    accepted = {owner, 0} if host.is_root else {owner}
    return Files(
        mount=plan.mount,
        checkout=plan.checkout,
        owner=owner,
        strangers=tuple((name, stat.uid) for name, stat in stats if stat and stat.uid not in accepted),
        read_only=tuple(name for name, stat in stats if stat and not host.can_write(name)),
        closed=_closed(host, plan),
        file_system=_file_system(host, str(plan.mount)),
        checkout_system=_file_system(host, str(plan.checkout)),
        sudo_user=host.environ.get("SUDO_USER") if host.is_root else None,
    )


def _closed(host: Host, plan: Plan) -> tuple[str, ...]:
    """What the container sees and has not the label for it."""
    places = [plan.mount / name for name in MOUNTED]
    places += [plan.checkout / name for name in (*SHARED, ".workbench")]
    found = {str(place): host.label(place) for place in places if host.exists(place)}
    return tuple(place for place, label in found.items() if not any(mark in label for mark in LABELS))


def container_user(host: Host, checkout: Path) -> tuple[int, int]:
    """UID and GID, never 0: for root the one behind sudo, else the checkout's owner, else 1000."""
    if host.uid:
        return host.uid, host.gid
    behind, group = (_number(host.environ.get(name, "")) for name in ("SUDO_UID", "SUDO_GID"))
    if behind:
        return behind, group or behind
    found = host.stat(checkout)
    return (found.uid, found.gid) if found and found.uid else (STAND_IN, STAND_IN)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _file_system(host: Host, path: str) -> str:
    """The type of the deepest mount above `path`, from /proc/self/mounts: "drvfs /mnt/c 9p rw 0 0"."""
    rows = [line.split() for line in (host.read_text("/proc/self/mounts") or "").splitlines()]
    above = [(row[1].replace("\\040", " "), row[2]) for row in rows if len(row) > 2]
    above = [row for row in above if _is_below(path, row[0])]
    return max(above, key=lambda row: len(row[0]))[1] if above else ""


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(folder.rstrip("/") + "/")
