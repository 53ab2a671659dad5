"""Which devices there are, and why there is none."""

from collections.abc import Callable

import pytest
import torch
from smoke.devices import device_name, devices, gpus
from smoke.results import FailedError, SkippedError
from smoke.settings import Settings


def test_the_cpu_variant_computes_on_the_cpu(cpu: Settings) -> None:
    assert devices(cpu.record) == [torch.device("cpu")]
    assert device_name(torch.device("cpu")) == "cpu"


def test_the_cpu_variant_may_skip_what_needs_a_gpu(cpu: Settings) -> None:
    with pytest.raises(SkippedError) as caught:
        gpus(cpu.record)
    assert caught.value.allowed


def test_every_gpu_counts(cu126: Settings, fake_gpus: Callable[..., None]) -> None:
    fake_gpus((8, 0), (9, 0))
    assert devices(cu126.record) == [torch.device("cuda", 0), torch.device("cuda", 1)]


@pytest.mark.usefixtures("no_gpu")
def test_a_promised_gpu_that_is_not_there_fails_in_torchs_words(cu126: Settings) -> None:
    with pytest.raises(FailedError, match=r"cu126 needs a GPU, .*: Found no NVIDIA driver") as caught:
        devices(cu126.record)
    assert "make doctor" in caught.value.mend
    assert "VARIANT=cpu" in caught.value.mend


def test_cuda_that_starts_without_a_device_fails_too(cu126: Settings, fake_gpus: Callable[..., None]) -> None:
    fake_gpus()
    with pytest.raises(FailedError, match="reports no device"):
        devices(cu126.record)
