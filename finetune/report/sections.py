"""The parts of a report that several tasks share, each a heading with Markdown and perhaps a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from finetune.metrics import calibration_bins, confusion, per_class
from finetune.report.bars import MOST_BARS, SCORE, draw_grouped
from finetune.report.curves import Curves, all_curves, draw_both
from finetune.report.pictures import draw_calibration, draw_confusion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from finetune.data.split import Split

MISTAKES_SHOWN = 20
CONFUSIONS_SHOWN = 10
LONGEST_CELL = 160
MARKDOWN = re.compile(r"[\\`*\[\]<>|~&!]|(?<!\w)_|_(?!\w)")


@dataclass(frozen=True)
class Section:
    """One part of a report; draw writes the picture, whose file is named after the slug."""

    slug: str
    title: str
    text: str
    draw: Callable[[Path], None] | None = None


@dataclass(frozen=True)
class Judged:
    """A split with the truth and the probabilities that a classifier gave."""

    split: Split
    rows: NDArray[np.int64]
    names: Sequence[str]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def escaped(text: object) -> str:
    """Take the meaning from what Markdown would read: a text's *stars*, links and tags stay as they are."""
    return MARKDOWN.sub(r"\\\g<0>", " ".join(str(text).split()))


def cell(text: object) -> str:
    """Make a text fit for a table cell: one line, not too long, and no | in it that would end the cell."""
    flat = " ".join(str(text).split())
    return escaped(flat if len(flat) <= LONGEST_CELL else flat[: LONGEST_CELL - 1] + "…")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a Markdown table; numbers stand on the right."""
    numeric = [all(isinstance(row[at], (int, float)) for row in rows) for at in range(len(header))]
    rule = ["---:" if right else "---" for right in numeric]
    body = [[f"{one:.4f}" if isinstance(one, float) else cell(one) for one in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in [[cell(one) for one in header], rule, *body])


def classification_sections(judged: Judged) -> list[Section]:
    """Report a classifier: per class, confusion, curves, calibration, the hardest mistakes."""
    predicted = judged.probabilities.argmax(1)
    matrix = confusion(judged.truth, predicted, len(judged.names))
    bins = calibration_bins(judged.probabilities, judged.truth)
    return [
        Section("classes", "Per class", class_table(judged.names, matrix), class_bars(judged.names, matrix)),
        Section(
            "confusion",
            "Confusion matrix",
            confused_pairs(judged.names, matrix),
            partial(draw_confusion, matrix, judged.names),
        ),
        *ranking_sections(judged),
        Section(
            "calibration", "Calibration", calibration_text(bins, "texts"), partial(draw_calibration, bins)
        ),
        Section("mistakes", "The hardest mistakes", mistakes_text(judged, predicted)),
    ]


def class_bars(names: Sequence[str], matrix: NDArray[np.int64]) -> Callable[[Path], None] | None:
    """Draw precision, recall and F1 of each class, unless there are too many to be read."""
    if len(names) > MOST_BARS:
        return None
    scores = per_class(matrix)
    series = {what: [float(one) for one in scores[what]] for what in ("precision", "recall", "f1")}
    return partial(draw_grouped, names, series, SCORE)


def ranking_sections(judged: Judged) -> list[Section]:
    """Draw ROC and precision-recall; of two classes both curves are those of the second."""
    first = 1 if len(judged.names) == 2 else 0
    truth = judged.truth[:, None] == np.arange(first, len(judged.names))
    curves = all_curves(judged.names[first:], truth, judged.probabilities[:, first:])
    if not curves.roc:
        return []
    draw = partial(draw_both, curves, float(truth.mean()))
    return [Section("ranking", "ROC and precision-recall", ranking_text(curves), draw)]


def ranking_text(curves: Curves) -> str:
    """List the areas; say what they mean."""
    pairs = zip(curves.roc, curves.precision_recall, strict=True)
    rows = [(one.name, one.area, two.area) for one, two in pairs]
    meaning = (
        "How well the scores put the right texts first, whatever the threshold. 1 is perfect; guessing gives "
        "0.5 for ROC and the label's share (dotted) for precision-recall."
    )
    head = ("label", "area under ROC", "average precision")
    return f"{meaning} {curves.sample}".strip() + "\n\n" + table(head, rows)


def class_table(names: Sequence[str], matrix: NDArray[np.int64]) -> str:
    """List precision, recall and F1 of each class."""
    scores = per_class(matrix)
    rows = [
        (
            name,
            float(scores["precision"][n]),
            float(scores["recall"][n]),
            float(scores["f1"][n]),
            int(scores["support"][n]),
        )
        for n, name in enumerate(names)
    ]
    return table(("class", "precision", "recall", "F1", "texts"), rows)


def confused_pairs(names: Sequence[str], matrix: NDArray[np.int64]) -> str:
    """List the pairs of classes that are confused most."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS_SHOWN]
    pairs = [np.unravel_index(one, wrong.shape) for one in order]
    rows = [(names[int(a)], names[int(b)], int(wrong[a, b])) for a, b in pairs if wrong[a, b]]
    return table(("true", "predicted", "texts"), rows) if rows else "No text was put into a wrong class."


def calibration_text(bins: list[tuple[float, float, int]], counted: str) -> str:
    """List confidence against accuracy."""
    rows = [(f"{confidence:.2f}", f"{right:.2f}", count) for confidence, right, count in bins]
    meaning = "Can the confidence be trusted? Of the answers given with 0.8, about 80% should be right."
    return meaning + "\n\n" + table(("mean confidence", "share right", counted), rows)


def mistakes_text(judged: Judged, predicted: NDArray[np.int64]) -> str:
    """List the wrong predictions of which the model was surest: often the labels are wrong, not the model."""
    wrong = np.flatnonzero(predicted != judged.truth)
    confidence = judged.probabilities.max(1)
    hardest = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES_SHOWN]
    if not len(hardest):
        return "None."
    rows = []
    for one in hardest:
        place, text = judged.split.at(int(judged.rows[one]))
        rows.append(
            (
                place,
                text,
                judged.names[judged.truth[one]],
                judged.names[predicted[one]],
                float(confidence[one]),
            )
        )
    return table(("place", "text", "label", "predicted", "confidence"), rows)
