"""Thresholds of several labels."""

from __future__ import annotations

import numpy as np

from finetune.report.thresholds import Held, scores_at, thresholds_section

HELD = Held(
    ("a", "b"),
    np.array([[1, 0], [0, 1], [0, 0]], bool),
    np.array([[0.9, 0.1], [0.2, 0.3], [0.6, 0.1]]),
    np.array([0.8, 0.2]),
)


def test_scores_of_one_threshold_for_all_and_of_one_each() -> None:
    assert scores_at(HELD, 0.5) == (0.5, 0.5, 0.5)
    assert scores_at(HELD, HELD.limits) == (1.0, 1.0, 1.0)


def test_the_section_compares_them() -> None:
    text = thresholds_section(HELD).text
    assert "a micro-F1 of 1.0000" in text
    assert "0.5000 at 0.5" in text
