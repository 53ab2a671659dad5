"""Figures for texts with several labels, and the thresholds that make the most of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SUPPORT = 50  # texts
MULTI_METRICS = (
    "micro_f1",
    "macro_f1",
    "samples_f1",
    "exact_match",
    "hamming_loss",
    "average_precision",
    "loss",
)


def sigmoid(logits: NDArray[np.float32]) -> Floats:
    """Turn logits into probabilities."""
    out: Floats = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return out


def f1(hits: Floats, predicted: Floats, actual: Floats) -> Floats:
    """Combine counts; nothing predicted and nothing to find is 0, as scikit-learn has it."""
    out: Floats = 2 * hits / np.maximum(predicted + actual, 1)
    return out


def multi_metrics(probabilities: Floats, truth: Bools, limits: Floats) -> dict[str, float]:
    """Measure predictions above the thresholds, and the ranking whatever the thresholds."""
    predicted = probabilities >= limits
    hits = (predicted & truth).astype(np.float64)
    clipped = np.clip(probabilities, 1e-12, 1 - 1e-12)
    counts = (hits.sum(0), predicted.sum(0).astype(np.float64), truth.sum(0).astype(np.float64))
    rows = (hits.sum(1), predicted.sum(1).astype(np.float64), truth.sum(1).astype(np.float64))
    return {
        "micro_f1": float(f1(hits.sum(), predicted.sum(), truth.sum())),
        "macro_f1": float(f1(*counts).mean()),
        "samples_f1": float(f1(*rows).mean()),
        "exact_match": float((predicted == truth).all(1).mean()),
        "hamming_loss": float((predicted != truth).mean()),
        "average_precision": average_precision(probabilities, truth),
        "loss": float(-np.where(truth, np.log(clipped), np.log(1 - clipped)).mean()),
    }


def average_precision(probabilities: Floats, truth: Bools) -> float:
    """Average the area under the precision-recall curve over the labels that occur."""
    seen = np.flatnonzero(truth.any(0))
    return float(np.mean([area(probabilities[:, n], truth[:, n]) for n in seen])) if len(seen) else 0.0


def area(scores: Floats, truth: Bools) -> float:
    """Sum precision over the steps of recall; equal scores are one step."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    # the last row of each run of equal scores
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, 1))
    precision = hits[last] / (last + 1)
    recall = hits[last] / hits[-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def best_thresholds(probabilities: Floats, truth: Bools) -> Floats:
    """Choose a threshold for each label: that of its best F1, drawn to the one that suits all labels best.

    The fewer texts have the label, the less its own says: with SUPPORT texts it counts half. See
    docs/decisions/0014.
    """
    common = best_threshold(probabilities.ravel(), truth.ravel())
    own = np.array([best_threshold(probabilities[:, n], truth[:, n]) for n in range(truth.shape[1])])
    texts = truth.sum(0)
    out: Floats = (texts * own + SUPPORT * common) / (texts + SUPPORT)
    return out


def best_threshold(scores: Floats, truth: Bools) -> float:
    """Try a cut between every two neighbouring scores: (0.9 yes, 0.2 yes, 0.1 no) gives 0.15."""
    if not truth.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(truth[order])
    values = 2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    values[:-1][np.diff(ranked) == 0] = -1  # no cut between equal scores
    best = int(values.argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)
