"""Our figures are scikit-learn's figures."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs

from finetune.metrics import binned, classification_metrics


@given(st.integers(2, 6), st.integers(1, 80), st.integers(0, 10_000))
def test_single_label_metrics(classes: int, rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes)).astype(np.float32)
    truth, predicted = generator.integers(0, classes, rows), logits.argmax(1)
    ours = classification_metrics(logits, truth, classes)
    scores = theirs.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
    assert ours["accuracy"] == pytest.approx(theirs.accuracy_score(truth, predicted))
    assert (ours["macro_precision"], ours["macro_recall"], ours["macro_f1"]) == pytest.approx(scores[:3])
    assert ours["weighted_f1"] == pytest.approx(theirs.f1_score(truth, predicted, average="weighted"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # float32 rows that sum to 1 within rounding
        loss = theirs.log_loss(
            truth, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), labels=range(classes)
        )
    assert ours["loss"] == pytest.approx(loss, rel=1e-4)


def test_pairs_of_text_and_label_are_grouped_by_probability() -> None:
    truth = np.array([[1, 0], [0, 1], [0, 0]], bool)
    found = binned(np.array([[0.9, 0.1], [0.2, 0.3], [0.6, 0.1]]), truth)
    assert found[-1] == (0.9, 1.0, 1)
    assert sum(count for _, _, count in found) == 6
