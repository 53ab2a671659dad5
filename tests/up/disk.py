"""A small disk, for a container engine that is to find it full."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.stack.programs import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A mounted ext4 file system of this size."""
    disk, mount = folder / "disk.img", folder / "disk"
    mount.mkdir()
    with disk.open("wb") as file:
        file.truncate(megabytes * 2**20)
    for argv in (["mkfs.ext4", "-q", str(disk)], ["mount", "-o", "loop", str(disk), str(mount)]):
        assert run(argv, folder).returncode == 0, argv
    try:
        yield mount
    finally:
        run(["umount", "--lazy", str(mount)], folder)


def can_run() -> bool:
    """Whether this host has what it takes, the engine included."""
    return shutil.which("dockerd") is not None and shutil.which("mkfs.ext4") is not None
