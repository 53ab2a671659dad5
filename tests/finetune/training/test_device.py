"""Said aloud: a GPU that stays idle, and weights that lie elsewhere."""

from __future__ import annotations

import pytest
import torch

from finetune.errors import RequestError
from finetune.training.device import Device, find_device, hidden_gpu, strays

CPU = Device(torch.device("cpu"), "--gpu-id -1", "fp32", "")
GPU = Device(torch.device("cuda", 0), "", "fp32", "")


def test_a_gpu_beside_the_cpu_that_computes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Big GPU")
    assert hidden_gpu(CPU) == "Big GPU stays idle: --gpu-id -1"
    assert hidden_gpu(GPU) is None


def test_weights_left_on_the_cpu_are_counted_and_named() -> None:
    model = torch.nn.Linear(2, 2)
    assert strays(model, GPU) == "2 weights are not on cuda:0, the first is weight"
    assert strays(model, CPU) is None


@pytest.mark.parametrize("number", [-2, 0])
def test_a_gpu_that_is_not_there_is_refused(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match=f"--gpu-id is {number}, but torch sees no GPU here; accepted: -1"):
        find_device(number)
