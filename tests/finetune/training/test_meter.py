"""Throughput counts training alone."""

from __future__ import annotations

import time

import numpy as np
import pytest

from finetune.training.checkpoint import State
from finetune.training.meter import Meter


def test_speed_is_texts_and_tokens_in_the_seconds_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    state = State()
    one = Meter(state)
    one.count(np.array([0, 2]), np.array([5, 9, 7]))
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
