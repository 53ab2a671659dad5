"""`make up` is stopped by what stops things in life, and the same command goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from tests import engines
from tests.stack.programs import environment, run, wait_until
from tests.stack.workbench import find
from tests.up.disk import can_run, small_disk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.slow]
MEGABYTE = 2**20


def test_after_a_build_that_was_killed_the_same_command_goes_on(copy: Path) -> None:
    lock = copy / "docker" / "requirements" / "interactive.txt"
    never_built = f"# {uuid.uuid4()}\n"
    lock.write_text(lock.read_text() + never_built)
    with subprocess.Popen(["make", "up"], cwd=copy, env=environment(), start_new_session=True) as process:
        wait_until(lambda: "Using Python" in said(copy), "packages are being installed", 120)
        os.killpg(process.pid, signal.SIGKILL)
    assert run(["make", "up"], copy, seconds=600).returncode == 0
    found = find(copy)
    assert found is not None
    assert found.healthy()


def test_a_full_disk_is_one_clear_error_and_with_room_the_same_command_goes_on(
    copy: Path, tmp_path: Path
) -> None:
    if not can_run():
        pytest.skip("needs dockerd and mkfs.ext4, to give an engine a small disk")
    with small_disk(tmp_path, 1500) as disk, engines.started(tmp_path, disk / "data") as address:
        filler = disk / "filler"
        filler.write_bytes(b"\0" * (free(disk) - 100 * MEGABYTE))
        settings = {"DOCKER_HOST": address, "BASE": "build", "VARIANT": "cpu"}
        refused = run(["make", "up"], copy, env=settings, seconds=600)
        assert refused.returncode == 2
        assert "GB free below" in refused.stderr

        failed = run(["make", "up"], copy, env={**settings, "SKIP_DISK_CHECK": "1"}, seconds=600)
        assert failed.returncode == 2, "make's own exit code"
        assert "no space left on device" in failed.stderr
        assert "Traceback" not in failed.stderr

        filler.unlink()
        assert imported_after(copy, {**settings, "SKIP_DISK_CHECK": "1"})


def imported_after(copy: Path, settings: dict[str, str]) -> bool:
    """Go on until Debian's root file system has reached the engine; torch would not fit."""

    def images() -> str:
        return run(["docker", "images", "--format", "{{.Repository}}"], copy, env=settings).stdout

    argv = ["make", "up"]
    with subprocess.Popen(argv, cwd=copy, env=environment(settings), start_new_session=True) as process:
        wait_until(
            lambda: "nlp-workbench-debian" in images() or process.poll() is not None, "it goes on", 300
        )
        os.killpg(process.pid, signal.SIGINT)
    return "nlp-workbench-debian" in images()


def free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


def said(copy: Path) -> str:
    """Everything in the log of the newest `make up`."""
    logs = sorted((copy / ".workbench" / "logs").glob("up-*.log"))
    return logs[-1].read_text() if logs else ""
