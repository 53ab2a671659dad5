"""Figures computed from logits and labels with numpy; each agrees with scikit-learn: the tests check it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 10  # of confidence
CLASSIFICATION_METRICS = (
    "accuracy",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "weighted_f1",
    "loss",
    "calibration_error",
)


def softmax(logits: NDArray[np.float32]) -> Floats:
    """Turn logits into probabilities along the last axis."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    exponents = np.exp(shifted)
    out: Floats = exponents / exponents.sum(-1, keepdims=True)
    return out


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Count pairs: row is the true class, column the predicted one."""
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def per_class(matrix: Ints) -> dict[str, Floats]:
    """Precision, recall and F1 of each class from the confusion matrix; 0 where nothing was counted."""
    hits = np.diag(matrix).astype(np.float64)
    predicted, actual = matrix.sum(0), matrix.sum(1)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(predicted + actual, 1)
    return {"precision": precision, "recall": recall, "f1": f1, "support": actual.astype(np.float64)}


def classification_metrics(logits: NDArray[np.float32], truth: Ints, classes: int) -> dict[str, float]:
    """Measure a single-label classifier; macro averages are over the classes that occur or were predicted."""
    probabilities = softmax(logits)
    matrix = confusion(truth, probabilities.argmax(1), classes)
    scores = per_class(matrix)
    seen = (matrix.sum(0) + matrix.sum(1)) > 0
    chosen = np.clip(probabilities[np.arange(len(truth)), truth], 1e-12, 1.0)
    return {
        "accuracy": float(np.trace(matrix) / max(1, len(truth))),
        "macro_f1": float(scores["f1"][seen].mean()),
        "macro_precision": float(scores["precision"][seen].mean()),
        "macro_recall": float(scores["recall"][seen].mean()),
        "weighted_f1": float(np.average(scores["f1"], weights=scores["support"])),
        "loss": float(-np.log(chosen).mean()),
        "calibration_error": calibration_error(probabilities, truth),
    }


def binned(confidence: Floats, right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Group answers by confidence: (mean confidence, share right, how many) of each bin not empty."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    members = [which == number for number in range(BINS)]
    return [(float(confidence[m].mean()), float(right[m].mean()), int(m.sum())) for m in members if m.any()]


def calibration_bins(probabilities: Floats, truth: Ints) -> list[tuple[float, float, int]]:
    """Group predictions by the probability of the class that was chosen."""
    return binned(probabilities.max(1), probabilities.argmax(1) == truth)


def calibration_error(probabilities: Floats, truth: Ints) -> float:
    """Average the gap between confidence and accuracy over the bins (expected calibration error)."""
    gaps = [
        abs(confidence - right) * count for confidence, right, count in calibration_bins(probabilities, truth)
    ]
    return float(sum(gaps) / max(1, len(truth)))
