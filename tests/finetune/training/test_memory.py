"""Memory that is free, and how many tokens pass at once."""

from __future__ import annotations

import pytest
import torch

from finetune.training.device import Device
from finetune.training.estimate import Estimate, choose_tokens
from finetune.training.memory import (
    FIXED_WEIGHTS,
    READING_WEIGHTS,
    available_bytes,
    out_of_memory,
    overhead,
    token_budget,
)


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
