"""Puts the image's smoke package on the path, as its wrapper does in the container."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch

PACKAGE_FOLDER = Path(__file__).parents[2] / "docker/rootfs/usr/local/lib/workbench"
sys.path.insert(0, str(PACKAGE_FOLDER))

from smoke.record import Record  # noqa: E402 - found through the line above
from smoke.settings import Settings  # noqa: E402

CPU = Record("cpu", torch="2.7.1+cu126", cuda="12.6", cudnn="9.5", gpu_architectures=("sm_80", "sm_90"))


@pytest.fixture
def package_folder() -> Path:
    return PACKAGE_FOLDER


@pytest.fixture
def cpu() -> Settings:
    """Settings on the cpu variant."""
    return Settings(CPU)


@pytest.fixture
def cu126() -> Settings:
    """Settings on a variant that promises a GPU."""
    return Settings(replace(CPU, variant="cu126"))


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make CUDA refuse as it does without a driver, whatever this machine has."""
    cuda = pytest.importorskip("torch").cuda

    def refuse() -> int:
        raise RuntimeError("Found no NVIDIA driver on your system.\nPlease check")

    monkeypatch.setattr(cuda, "current_device", refuse)


@pytest.fixture
def fake_gpus(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make torch report GPUs of the given capabilities."""
    cuda = pytest.importorskip("torch").cuda

    def index(device: "torch.device | int") -> int:
        return device if isinstance(device, int) else device.index

    def pretend(*capabilities: tuple[int, int]) -> None:
        monkeypatch.setattr(cuda, "current_device", lambda: 0)
        monkeypatch.setattr(cuda, "device_count", lambda: len(capabilities))
        monkeypatch.setattr(cuda, "get_device_name", lambda device=0: f"GPU model {index(device)}")
        monkeypatch.setattr(cuda, "get_device_capability", lambda device=0: capabilities[index(device)])

    return pretend
