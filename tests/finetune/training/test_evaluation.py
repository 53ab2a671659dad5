"""Logits of many rows, also where the memory is short."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from finetune.batching import MemoryRows
from finetune.errors import TrainingError
from finetune.training.device import choose_device
from finetune.training.evaluation import predict_logits


class Short(torch.nn.Module):
    """Answers with a text's first id; so many texts at once fit its memory."""

    def __init__(self, room: int, message: str) -> None:
        super().__init__()
        self.room, self.message = room, message
        self.config = SimpleNamespace(pad_token_id=0)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:  # noqa: ANN401
        assert input_ids.shape == attention_mask.shape
        if len(input_ids) > self.room:
            raise RuntimeError(self.message) if self.message else torch.OutOfMemoryError
        return SimpleNamespace(logits=input_ids[:, :1])


def answers(room: int, message: str = "") -> list[float]:
    ids = [[number] * (1 + number % 3) for number in range(1, 20)]
    model = cast("Any", Short(room, message))
    return [float(one[0]) for one in predict_logits(model, MemoryRows(ids), choose_device(-1, "fp32"), 1000)]


@pytest.mark.parametrize(
    "message", ["", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling", "can't allocate memory: you tried"]
)
def test_a_batch_that_does_not_fit_is_computed_in_halves(message: str) -> None:
    assert answers(3, message) == list(range(1, 20))


class Last(torch.nn.Module):
    """Answers with the last id of each row as the model gets it."""

    config = SimpleNamespace(pad_token_id=7)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:  # noqa: ANN401
        assert not self.training
        assert input_ids.shape == attention_mask.shape
        return SimpleNamespace(logits=input_ids[:, -1:])


@pytest.mark.parametrize("training", [True, False])
def test_a_model_pads_with_its_own_id_and_is_left_as_it_was(*, training: bool) -> None:
    model, rows = cast("Any", Last()).train(training), MemoryRows([[3, 3], [5]])
    found = predict_logits(model, rows, choose_device(-1, "fp32"), 100)
    assert [float(one[0]) for one in found] == [3, 7]
    assert model.training is training


def test_a_text_that_never_fits_is_told() -> None:
    with pytest.raises(TrainingError, match=r"out of memory with a single text of \d tokens; take a GPU"):
        answers(0)


def test_another_error_is_not_taken_for_want_of_memory() -> None:
    with pytest.raises(RuntimeError, match="device-side assert"):
        answers(3, "device-side assert")


class Widths(Last):
    """Answers with how wide its rows are."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:  # noqa: ANN401
        return SimpleNamespace(logits=torch.full((len(attention_mask), 1), input_ids.shape[1]))


@pytest.mark.parametrize(("precision", "widths"), [("bf16", [9, 18, 33]), ("fp32", [9, 17, 33])])
def test_with_bf16_a_cpu_sees_few_widths(precision: str, widths: list[int]) -> None:
    rows = MemoryRows([[1] * size for size in (9, 17, 33)])
    found = predict_logits(cast("Any", Widths()), rows, choose_device(-1, precision), 33)
    assert [int(one[0]) for one in found] == widths  # none wider than the longest
