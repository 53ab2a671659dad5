"""The trial before a training takes the texts that a step holds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch

from finetune.training import trial
from finetune.training.trial import most_at_once, seconds_ahead, set_tokens
from tests.finetune.training.stepping import stepper

if TYPE_CHECKING:
    import pytest

    from finetune.tasks.base import Prepared


def watched(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    tried: list[np.ndarray] = []

    def note(_: object, part: np.ndarray) -> bool:
        tried.append(part)
        return True

    monkeypatch.setattr(trial, "tried", note)
    return tried


def test_a_gpu_tries_no_more_than_a_step_holds(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    one, called = stepper(ready, 400), []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: called.append("emptied"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: called.append("peak forgotten"))
    tried = watched(monkeypatch)
    gpu = dataclasses.replace(one.work.device, device=torch.device("cuda", 0))
    one.work = dataclasses.replace(one.work, device=gpu)
    set_tokens(one, 1 << 17)
    assert [len(part) for part in tried] == [one.work.options.batch_size]
    assert called == ["emptied", "peak forgotten"]
    assert most_at_once(one) == one.work.options.batch_size * one.work.train.lengths.max()


def test_the_time_ahead_is_that_of_texts_of_middling_length(
    ready: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = stepper(ready, 1 << 17)
    tried = watched(monkeypatch)
    seconds_ahead(one)
    lengths = one.work.train.lengths
    assert len(tried[0]) == one.work.options.batch_size
    assert abs(lengths[tried[0]].mean() - np.median(lengths)) < 1
