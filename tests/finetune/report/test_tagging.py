"""Kinds of error of a tagger, and how sure it was."""

from __future__ import annotations

import numpy as np
import pytest

from finetune.data.tags import Span
from finetune.report.tagging import Tagged, confidence_bins, errors_section, fate


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([Span(2, 4, "LOC")], "right"),
        ([Span(2, 4, "PER")], "wrong type"),
        ([Span(2, 5, "LOC")], "wrong border"),
        ([Span(3, 4, "PER")], "wrong border"),
        ([Span(0, 2, "LOC"), Span(4, 6, "LOC")], "missed"),
        ([], "missed"),
    ],
)
def test_what_became_of_an_entity(found: list[Span], expected: str) -> None:
    assert fate(Span(2, 4, "LOC"), found) == expected


def tagged(truth: str, guess: str, sure: float = 0.9) -> Tagged:
    words = truth.split()
    return Tagged(0, words, guess.split(), np.full(len(words), sure))


def test_errors_are_counted_by_type() -> None:
    one = tagged("B-LOC I-LOC O B-PER O", "B-LOC O O O B-ORG")
    text = errors_section(["LOC", "ORG", "PER"], [one]).text
    assert "| LOC | 0 | 0 | 0 | 1 | 0 |" in text
    assert "| ORG | 0 | 0 | 0 | 0 | 1 |" in text
    assert "| PER | 0 | 1 | 0 | 0 | 0 |" in text


def test_confidence_is_held_against_what_is_right() -> None:
    judged = [tagged("B-LOC O", "B-LOC O", 0.95), tagged("O O", "B-LOC O", 0.55), tagged("O", "O")]
    assert np.array(confidence_bins(judged)) == pytest.approx(np.array([[0.55, 0, 1], [0.95, 1, 1]]))


def test_a_model_that_finds_nothing_has_no_bins() -> None:
    assert confidence_bins([tagged("B-LOC", "O")]) == []
