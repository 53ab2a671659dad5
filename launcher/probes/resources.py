"""Disk, memory and the limits that a container or a cgroup around this host sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.host import Host

# cgroup v1 writes "no limit" as a huge number of bytes
NO_LIMIT = 1 << 60


@dataclass(frozen=True)
class Limits:
    """What the cgroup around us allows; None where it does not limit."""

    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None


@dataclass(frozen=True)
class Resources:
    """Bytes; None where it could not be read."""

    engine_free: int | None = None
    checkout_free: int | None = None
    same_disk: bool = True
    memory: int | None = None
    limits: Limits = Limits()
    watches: int | None = None


def look(host: Host, checkout: Path, engine_root: str | None) -> Resources:
    """What this host has; engine_root is the engine's data folder, where it is on this host."""
    memory = _memory(host)
    return Resources(
        engine_free=host.disk_free(engine_root) if engine_root else None,
        checkout_free=host.disk_free(checkout),
        same_disk=engine_root is not None and host.same_disk(engine_root, checkout),
        memory=memory.get("MemTotal"),
        limits=_limits(host),
        watches=_number(host.read_text("/proc/sys/fs/inotify/max_user_watches")),
    )


def _memory(host: Host) -> dict[str, int]:
    """From lines such as "MemTotal:       24684092 kB"."""
    rows = re.findall(
        r"^(\w+):\s+(\d{1,15}) kB", host.read_text("/proc/meminfo") or "", re.MULTILINE | re.ASCII
    )
    return {name: int(kib) * 1024 for name, kib in rows}


def _limits(host: Host) -> Limits:
    """Our own cgroup, of version 2 where the unified tree is mounted, else of version 1."""
    groups = dict(re.findall(r"^\d+:([^:]*):(/.*)$", host.read_text("/proc/self/cgroup") or "", re.MULTILINE))
    if host.exists("/sys/fs/cgroup/cgroup.controllers"):
        return _version_2(host, groups.get("", "/"))
    memory = _lowest(host, "/sys/fs/cgroup/memory", groups.get("memory", "/"), "memory.limit_in_bytes")
    pids = _lowest(host, "/sys/fs/cgroup/pids", groups.get("pids", "/"), "pids.max")
    quota = _lowest(host, "/sys/fs/cgroup/cpu", groups.get("cpu", "/"), "cpu.cfs_quota_us")
    period = _number(host.read_text("/sys/fs/cgroup/cpu/cpu.cfs_period_us")) or 100_000
    return Limits(memory, quota / period if quota else None, pids)


def _version_2(host: Host, group: str) -> Limits:
    memory = _lowest(host, "/sys/fs/cgroup", group, "memory.max")
    pids = _lowest(host, "/sys/fs/cgroup", group, "pids.max")
    words = (host.read_text(f"/sys/fs/cgroup{group}/cpu.max") or "").split()
    quota, period = (_number(words[0]), _number(words[1])) if len(words) == 2 else (None, None)
    return Limits(memory, quota / period if quota and period else None, pids)


def _lowest(host: Host, mount: str, group: str, name: str) -> int | None:
    """The lowest limit from our group up to the root of the tree."""
    parts = [part for part in group.split("/") if part and part != ".."]
    folders = ["/".join([mount, *parts[:depth]]) for depth in range(len(parts) + 1)]
    found = [_number(host.read_text(f"{folder}/{name}")) for folder in folders]
    return min((limit for limit in found if limit and limit < NO_LIMIT), default=None)


def _number(text: str | None) -> int | None:
    """A plain number; "max", -1 and garbage are none."""
    word = (text or "").strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 20 else None
