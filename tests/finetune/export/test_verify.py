"""What the comparison of a model and its export finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from finetune.data.pieces import Chunk
from finetune.export.samples import Sample
from finetune.export.verify import Answers, Tolerance, Verdict, compare

if TYPE_CHECKING:
    from collections.abc import Sequence


def answers(likely: Sequence[float]) -> Answers:
    pairs = [np.array([one, 1 - one]) for one in likely]
    return Answers(pairs, [(int(one.argmax()),) for one in pairs], None, 1.0)


def compared(likely: Sequence[float], allowed: Tolerance) -> Verdict:
    sample = Sample("", ["long", "left out", "short"], Chunk([[1], [2], [3]], [], [0, 0, 2], 0))
    return compare(answers([0.9, 0.9]), answers(likely), sample, "accuracy", allowed)


def test_the_mean_is_held_to_its_own_limit() -> None:
    found = compared([0.9, 0.7], Tolerance(0.5, 0.15, 1.0, 0))
    assert found.figures["mean_difference"] == pytest.approx(0.1)
    assert found.wrong == []
    assert "on average" in compared([0.7, 0.7], Tolerance(0.5, 0.15, 1.0, 0)).wrong[0]


def test_the_text_with_another_answer_is_named_where_texts_have_windows() -> None:
    wrong = compared([0.9, 0.1], Tolerance(1.0, 1.0, 1.0, 0)).wrong
    assert wrong[-1] == "the first text with another answer is 'short'"
