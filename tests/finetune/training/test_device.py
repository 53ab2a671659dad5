"""Said aloud: a GPU that stays idle, and weights that lie elsewhere."""

from __future__ import annotations

import pytest
import torch

from finetune.errors import RequestError
from finetune.training.device import (
    FIXED_WEIGHTS,
    READING_WEIGHTS,
    Device,
    available_bytes,
    find_device,
    hidden_gpu,
    out_of_memory,
    overhead,
    strays,
    token_budget,
)
from finetune.training.estimate import Estimate, choose_tokens

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


def test_a_further_micro_batch_costs_a_small_model_more_tokens_than_a_large_one() -> None:
    cpu = torch.device("cpu")

    def model(size: int) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Embedding(1000, size), torch.nn.Linear(size, size))

    assert overhead(model(1000), cpu) == READING_WEIGHTS["cpu"] + FIXED_WEIGHTS["cpu"] // 1_000_000
    assert overhead(model(10), cpu) == READING_WEIGHTS["cpu"] + FIXED_WEIGHTS["cpu"] // 100
    assert overhead(model(1000), torch.device("cuda")) > 1000 * overhead(model(1000), cpu)


@pytest.mark.parametrize(("precision", "tokens"), [("fp32", 1024), ("bf16", 2048)])
def test_more_tokens_pass_at_once_where_products_are_quick(precision: str, tokens: int) -> None:
    device = Device(torch.device("cpu"), "", precision, "")
    assert token_budget(device, None)[0] == tokens
    assert choose_tokens(Estimate(0, 0, 1 << 40, 1, 1), device, None)[0] == tokens


@pytest.mark.parametrize("number", [-2, 0])
def test_a_gpu_that_is_not_there_is_refused(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match=f"--gpu-id is {number}, but torch sees no GPU here; accepted: -1"):
        find_device(number)


def test_what_torch_keeps_after_an_earlier_training_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 800)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 50)
    assert available_bytes(torch.device("cuda")) == 850


@pytest.mark.parametrize(
    "said",
    ["CUDA error: out of memory\nCUDA kernel errors", "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when"],
)
def test_memory_that_runs_out_beside_the_allocator_is_met_too(said: str) -> None:
    assert out_of_memory(RuntimeError(said))
    assert not out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
