"""The report's parts for texts with several labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from finetune.metrics import binned
from finetune.multi_metrics import area, f1
from finetune.report.bars import MOST_BARS, SCORE, draw_grouped
from finetune.report.curves import all_curves, draw_both
from finetune.report.pictures import draw_calibration
from finetune.report.sections import MISTAKES_SHOWN, Section, calibration_text, table
from finetune.report.thresholds import thresholds_section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from finetune.data.tokens import Encoded
    from finetune.report.thresholds import Held


def multi_sections(encoded: Encoded, held: Held) -> list[Section]:
    """Report each label with its threshold, thresholds, curves, calibration, and the largest errors."""
    scores = label_scores(held)
    series = {what: list(map(float, scores[what])) for what in ("F1", "average precision")}
    bars = partial(draw_grouped, held.names, series, SCORE) if len(held.names) <= MOST_BARS else None
    bins = binned(held.probabilities, held.truth)
    return [
        Section("labels", "Per label", label_table(held, scores), bars),
        thresholds_section(held),
        *ranking_sections(held),
        Section(
            "calibration",
            "Calibration",
            calibration_text(bins, "pairs of text and label"),
            partial(draw_calibration, bins),
        ),
        Section("mistakes", "The hardest mistakes", mistakes(encoded, held)),
    ]


def label_scores(held: Held) -> dict[str, NDArray[np.float64]]:
    """Compute precision, recall, F1 and average precision of each label; what cannot be measured is 0."""
    predicted = held.probabilities >= held.limits
    hits = (held.truth & predicted).sum(0).astype(float)
    found, actual = predicted.sum(0).astype(float), held.truth.sum(0).astype(float)
    ranked = [
        area(held.probabilities[:, n], held.truth[:, n]) if actual[n] else 0.0 for n in range(len(held.names))
    ]
    return {
        "precision": hits / np.maximum(found, 1),
        "recall": hits / np.maximum(actual, 1),
        "F1": f1(hits, found, actual),
        "average precision": np.array(ranked),
    }


def label_table(held: Held, scores: dict[str, NDArray[np.float64]]) -> str:
    """List the scores and the threshold of each label."""
    texts = held.truth.sum(0)
    rows = [
        (name, *(float(one[n]) for one in scores.values()), int(texts[n]), float(held.limits[n]))
        for n, name in enumerate(held.names)
    ]
    return table(("label", *scores, "texts", "threshold"), rows)


def ranking_sections(held: Held) -> list[Section]:
    """Draw ROC and precision-recall; the areas per label stand in the table of the labels."""
    curves = all_curves(held.names, held.truth, held.probabilities)
    if not curves.roc:
        return []
    text = (
        f"All pairs of text and label together: area under ROC {curves.roc[-1].area:.4f}, average precision "
        f"{curves.precision_recall[-1].area:.4f}. Both say how well the probabilities put the right labels "
        f"first, whatever the thresholds; 1 is perfect. {curves.sample}"
    )
    draw = partial(draw_both, curves, float(held.truth.mean()))
    return [Section("ranking", "ROC and precision-recall", text.strip(), draw)]


def mistakes(encoded: Encoded, held: Held) -> str:
    """List the labels that were missed or invented with the most confidence."""
    wrong = np.where(held.truth, 1 - held.probabilities, held.probabilities)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES_SHOWN]
    rows = []
    for text, label in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[text, label] > 0.5:
            place, shown = encoded.split.at(int(encoded.rows[text]))
            labels = ", ".join(held.names[int(n)] for n in np.flatnonzero(held.truth[text])) or "none"
            rows.append((place, shown, labels, held.names[label], float(held.probabilities[text, label])))
    return table(("place", "text", "labels", "the label at issue", "probability"), rows) if rows else "None."
