"""The report's parts for texts with several labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from finetune.multi_metrics import f1
from finetune.report.sections import MISTAKES_SHOWN, Section, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from finetune.data.tokens import Encoded


def multi_sections(
    encoded: Encoded,
    names: Sequence[str],
    truth: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
    limits: NDArray[np.float64],
) -> list[Section]:
    """Report each label with its threshold, and the texts with the largest errors."""
    return [
        Section("labels", "Per label", label_table(names, truth, probabilities >= limits, limits)),
        Section("mistakes", "The hardest mistakes", mistakes(encoded, names, truth, probabilities)),
    ]


def label_table(
    names: Sequence[str], truth: NDArray[np.bool_], predicted: NDArray[np.bool_], limits: NDArray[np.float64]
) -> str:
    """List precision, recall, F1 and threshold of each label."""
    hits = (truth & predicted).sum(0).astype(float)
    found, actual = predicted.sum(0).astype(float), truth.sum(0).astype(float)
    precision, recall, score = (
        hits / np.maximum(found, 1),
        hits / np.maximum(actual, 1),
        f1(hits, found, actual),
    )
    rows = [
        (name, float(precision[n]), float(recall[n]), float(score[n]), int(actual[n]), float(limits[n]))
        for n, name in enumerate(names)
    ]
    return table(("label", "precision", "recall", "F1", "texts", "threshold"), rows)


def mistakes(
    encoded: Encoded, names: Sequence[str], truth: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> str:
    """List the labels that were missed or invented with the most confidence."""
    wrong = np.where(truth, 1 - probabilities, probabilities)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES_SHOWN]
    rows = []
    for text, label in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[text, label] > 0.5:
            place, shown = encoded.split.at(int(encoded.rows[text]))
            held = ", ".join(names[int(n)] for n in np.flatnonzero(truth[text])) or "none"
            rows.append((place, shown, held, names[label], float(probabilities[text, label])))
    return table(("place", "text", "labels", "the label at issue", "probability"), rows) if rows else "None."
