"""A second container engine with a small disk of its own, beside the host's."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.stack.programs import environment, run, wait_until

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


@contextmanager
def engine(folder: Path, data: Path) -> Iterator[str]:
    """Its socket, as DOCKER_HOST names it; it keeps everything below `data`, and its network to itself."""
    socket = folder / "engine.sock"
    # in the host's network it would delete the first engine's bridge
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    argv = [
        *alone,
        "dockerd",
        f"--data-root={data}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'pid'}",
    ]
    argv += [f"--host=unix://{socket}", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    with (folder / "engine.log").open("wb") as log, ExitStack() as stack:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=environment())
        stack.callback(process.wait, timeout=60)
        stack.callback(process.terminate)
        address = f"unix://{socket}"
        wait_until(
            lambda: run(["docker", "--host", address, "version"], folder).returncode == 0, "it answers"
        )
        yield address


def can_run() -> bool:
    """Whether this host lets us start one."""
    return shutil.which("dockerd") is not None and shutil.which("mkfs.ext4") is not None
