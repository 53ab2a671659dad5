"""Our figures of several labels are scikit-learn's figures, and the thresholds the best ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs

from finetune.multi_metrics import best_threshold, best_thresholds, multi_metrics


@given(st.integers(2, 5), st.integers(2, 60), st.integers(0, 10_000))
def test_multi_label_metrics(labels: int, rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = np.round(generator.random((rows, labels)), 1)
    truth = generator.random((rows, labels)) < 0.4
    truth[0] = True
    ours = multi_metrics(probabilities, truth, np.full(labels, 0.5))
    predicted = probabilities >= 0.5
    for average in ("micro", "macro", "samples"):
        expected = theirs.f1_score(truth, predicted, average=average, zero_division=0)
        assert ours[f"{average}_f1"] == pytest.approx(expected)
    assert ours["hamming_loss"] == pytest.approx(theirs.hamming_loss(truth, predicted))
    expected = theirs.average_precision_score(truth, probabilities, average="macro")
    assert ours["average_precision"] == pytest.approx(expected)


@given(st.integers(1, 40), st.integers(0, 10_000))
def test_no_threshold_is_better_than_the_one_chosen(rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores, truth = np.round(generator.random(rows), 2), generator.random(rows) < 0.3
    truth[0] = True
    chosen = theirs.f1_score(truth, scores >= best_threshold(scores, truth))
    others = [theirs.f1_score(truth, scores >= one, zero_division=0) for one in np.linspace(0, 1, 21)]
    assert chosen >= max(others) - 1e-9


def test_a_rare_label_has_the_threshold_of_all_labels_and_a_frequent_one_its_own() -> None:
    rng = np.random.default_rng(0)
    truth = np.stack([rng.random(4000) < 0.5, rng.random(4000) < 0.5, rng.random(4000) < 0.0005], axis=1)
    scores = np.where(truth, [0.9, 0.5, 0.9], [0.6, 0.2, 0.6]) + rng.normal(0, 0.01, truth.shape)
    first, second, rare = best_thresholds(scores, truth)
    assert first == pytest.approx(0.75, abs=0.05)
    assert second == pytest.approx(0.35, abs=0.05)
    common = best_threshold(scores.ravel(), truth.ravel())
    assert rare == pytest.approx(common, abs=0.02)


def test_a_label_that_no_validation_text_has_is_not_given_to_all() -> None:
    truth = np.array([[True, False]] * 5 + [[False, False]] * 5)
    scores = np.array([[0.8, 0.01]] * 5 + [[0.1, 0.02]] * 5)
    assert best_thresholds(scores, truth)[1] > 0.02
