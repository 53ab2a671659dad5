"""torch against the variant record."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from smoke import versions
from smoke.record import Record
from smoke.results import FailedError
from smoke.settings import Settings

INSTALLED: dict[str, object] = {
    "python": "3.11",
    "torch": "2.7.1+cu126",
    "cuda": "12.6",
    "cudnn": "9.5",
    "gpu_architectures": ("sm_80", "sm_86", "sm_90"),
}


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "installed", lambda: dict(INSTALLED))


def test_what_is_promised_and_there_passes(cpu: Settings) -> None:
    assert versions.check(cpu).detail == "torch 2.7.1+cu126, CUDA 12.6, cuDNN 9.5"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"torch": "2.7.1+cu118"}, "torch is 2.7.1+cu126, promised 2.7.1+cu118", id="torch"),
        pytest.param({"cuda": "11.8"}, "cuda is 12.6, promised 11.8", id="CUDA"),
        pytest.param({"cudnn": "9.1"}, "cudnn is 9.5, promised 9.1", id="cuDNN"),
        pytest.param({"python": "3.12"}, "python is 3.11, promised 3.12", id="Python"),
        pytest.param({"gpu_architectures": ("sm_120",)}, "promised sm_120", id="an architecture"),
    ],
)
def test_a_broken_promise_names_both_sides(cpu: Settings, change: dict[str, str], told: str) -> None:
    promised = replace(cpu.record, **change)  # type: ignore[arg-type] # the table's values fit their keys
    with pytest.raises(FailedError) as caught:
        versions.check(replace(cpu, record=promised))
    assert told in caught.value.detail
    assert "pip uninstall torch" in caught.value.mend


def test_a_record_of_a_cpu_wheel_promises_no_cuda(cpu: Settings) -> None:
    promised = Record("cpu", "2.7.1+cu126", None, None, ())
    assert versions.check(replace(cpu, record=promised)).data == INSTALLED


@pytest.mark.usefixtures("no_gpu")
def test_right_versions_without_a_gpu_fail_on_a_gpu_variant(cu126: Settings) -> None:
    with pytest.raises(FailedError, match="torch sees none: Found no NVIDIA driver"):
        versions.check(cu126)


def test_a_gpu_outside_the_list_is_named_with_the_variant_to_take(
    cu126: Settings, fake_gpus: Callable[..., None]
) -> None:
    fake_gpus((8, 9), (12, 0))
    with pytest.raises(FailedError, match=r"GPU 1 \(GPU model 1\) is sm_120; .* sm_80 sm_86 sm_90") as caught:
        versions.check(cu126)
    assert "VARIANT=cu128" in caught.value.mend


@pytest.mark.parametrize(
    ("capability", "built", "runs"),
    [
        pytest.param((8, 6), ("sm_86",), True, id="its own"),
        pytest.param((8, 9), ("sm_80", "sm_90"), True, id="an older minor version"),
        pytest.param((8, 0), ("sm_86",), False, id="a newer minor version"),
        pytest.param((12, 0), ("sm_90",), False, id="another major version"),
        pytest.param((12, 0), ("sm_90", "compute_90"), True, id="PTX of an older one"),
        pytest.param((7, 0), ("compute_90",), False, id="PTX of a newer one"),
        pytest.param((9, 0), ("sm_90a",), True, id="with a letter"),
        pytest.param((9, 0), (), False, id="none"),
    ],
)
def test_runs_on(capability: tuple[int, int], built: tuple[str, ...], runs: bool) -> None:  # noqa: FBT001
    assert versions.runs_on(capability, built) is runs


@pytest.mark.parametrize(
    ("number", "text"), [(90_501, "9.5"), (91_900, "9.19"), (8_902, "8.9"), (None, None)]
)
def test_cudnn_text(number: int | None, text: str | None) -> None:
    assert versions.cudnn_text(number) == text


def test_the_architectures_here_are_names_that_can_be_read() -> None:
    found = versions.architectures()
    assert bool(found) is (torch.version.cuda is not None)
    assert all(name.startswith(("sm_", "compute_")) for name in found)
