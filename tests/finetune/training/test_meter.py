"""Throughput counts training alone."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from finetune.data.split import Split
from finetune.data.store import Ragged, Stored
from finetune.data.tokens import Encoded
from finetune.training.checkpoint import State
from finetune.training.meter import Meter


def tokenised(lengths: list[int], rows: list[int]) -> Encoded:
    held = Stored(pa.table({"input_ids": [[0] * one for one in lengths]}), {}, fresh=True)
    ids = Ragged(held.table["input_ids"])
    return Encoded(Split("train", held, np.unique(rows)), held, ids, np.array(lengths), np.array(rows))


def test_a_text_in_several_pieces_counts_once() -> None:
    state = State()
    one = Meter(state, tokenised([9, 9, 9, 5], [0, 0, 0, 1]))
    assert one.count(np.array([0, 3])) == 1
    one.count(np.array([1, 2]))
    assert (state.texts, state.tokens) == (2, 32)


def test_speed_is_texts_and_tokens_in_the_seconds_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    state = State()
    one = Meter(state, tokenised([5, 9, 7], [0, 1, 2]))
    one.count(np.array([0, 2]))
    now[0] += 4
    one.settle()
    now[0] += 50  # an evaluation
    one.restart()
    now[0] += 2
    one.settle()
    speeds = one.speeds(preparing=3.0)
    assert speeds == pytest.approx(
        {"texts_per_second": 2 / 6, "tokens_per_second": 2.0, "preparing_share": 0.5}
    )
    assert (state.texts, state.tokens, state.seconds) == (2, 12, 6.0)
