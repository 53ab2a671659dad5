"""compose.gpu.yaml on an engine whose NVIDIA toolkit is a stub: what is asked for, what arrives inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gpu_wiring.conftest import Up

WISHES = {
    "all, without being told": ({}, "all"),
    "one": ({"GPUS": "1"}, "1"),
    "two of several": ({"GPUS": "0,2"}, "0,2"),
    "one by its name": ({"GPUS": "GPU-6a2e4b48"}, "GPU-6a2e4b48"),
}


@pytest.mark.parametrize(("setting", "devices"), WISHES.values(), ids=WISHES)
def test_the_gpus_that_were_asked_for_are_seen_inside(
    setting: dict[str, str], devices: str, up: Up, with_gpus: tuple[str, ...]
) -> None:
    with up(*with_gpus, **setting) as workbench:
        assert workbench.asked() == [devices]
        assert workbench.run("nvidia-smi") == f"devices {devices}"


@pytest.mark.parametrize("setting", [{}, {"GPUS": "0,2"}], ids=["all", "two"])
def test_a_shell_beside_the_services_sees_the_same_environment(
    setting: dict[str, str], up: Up, with_gpus: tuple[str, ...]
) -> None:
    first = "tr '\\0' '\\n' </proc/1/environ | grep NVIDIA | sort -u"
    with up(*with_gpus, **setting) as workbench:
        assert workbench.run("sh", "-c", "env | grep NVIDIA") == workbench.run("sh", "-c", first) != ""


def test_gpus_are_numbered_as_nvidia_smi_does(up: Up, with_gpus: tuple[str, ...]) -> None:
    with up(*with_gpus) as workbench:
        assert workbench.run("sh", "-c", "echo $CUDA_DEVICE_ORDER") == "PCI_BUS_ID"


def test_a_host_without_a_gpu_starts_too(up: Up) -> None:
    with up("compose.yaml") as workbench:
        assert workbench.run("sh", "-c", "echo up") == "up"
        assert workbench.asked() == []
        assert workbench.run("nvidia-smi") == ""
