"""The child that asks the driver, against a driver compiled for the test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import pytest

from launcher.host import Completed, Host
from launcher.probes import nvidia

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = pytest.mark.usefixtures("real_world")
SOURCE = Path(__file__).with_name("fake_libcuda.c")


class HostWithDriver(Host):
    """This machine, with the fake driver first on the loader's path and a module that hints at it."""

    def __init__(self, root: Path, mode: str) -> None:
        super().__init__(root, {**os.environ, "LD_LIBRARY_PATH": str(root), "FAKE_CUDA": mode})
        (root / "sys/module/nvidia").mkdir(parents=True)
        (root / "sys/module/nvidia/version").write_text("570.86.15\n")

    def ask(
        self, argv: Sequence[str], timeout: float = 10, env: Mapping[str, str] | None = None
    ) -> Completed:
        """A hang is noticed sooner than in earnest."""
        return super().ask(argv, min(timeout, 4), env)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    compiler = which("cc")
    if compiler is None:
        pytest.skip("no cc to compile a driver with")
    file = tmp_path / "libcuda.so.570.86.15"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(file), str(SOURCE)], check=True)
    (tmp_path / "libcuda.so.1").symlink_to(file.name)
    return tmp_path


def test_it_finds_version_names_capabilities_and_memory(library: Path) -> None:
    seen = nvidia.look(HostWithDriver(library, "fine"))
    assert seen.driver == nvidia.Driver("570.86.15", (12, 8))
    assert [gpu.label for gpu in seen.gpus] == [
        "GPU 0 NVIDIA GeForce RTX 4090 (sm_89)",
        "GPU 1 NVIDIA B300 (sm_103)",
    ]
    assert [gpu.memory >> 30 for gpu in seen.gpus] == [24, 24]
    assert (seen.ending, seen.code, seen.library_version) == ("ok", 0, "570.86.15")


@pytest.mark.parametrize(
    ("mode", "ending", "code"),
    [("hang", "timeout", None), ("crash", "crash", None), ("mismatch", "ok", 803)],
)
def test_it_survives_a_driver_that_ends_in(mode: str, ending: str, code: int | None, library: Path) -> None:
    seen = nvidia.look(HostWithDriver(library, mode))
    assert (seen.ending, seen.code, seen.gpus) == (ending, code, ())


@pytest.mark.parametrize(("wanted", "count", "code"), [("all", 2, 0), ("1", 1, 0), ("7", 0, 100)])
def test_what_a_shell_hides_from_its_own_programs_does_not_count(
    wanted: str, count: int, code: int, library: Path
) -> None:
    host = HostWithDriver(library, "fine")
    host.environ = {**host.environ, "CUDA_VISIBLE_DEVICES": ""}
    seen = nvidia.look(host, wanted=wanted)
    assert (len(seen.gpus), seen.code) == (count, code)


def test_a_host_without_a_trace_of_nvidia_is_not_asked(tmp_path: Path) -> None:
    assert nvidia.look(Host(tmp_path)) == nvidia.Nvidia()
