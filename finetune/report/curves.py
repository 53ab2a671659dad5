"""ROC and precision-recall curves of scores against the truth, each label against the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finetune.report.pictures import GREY, canvas, drawable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MOST_CURVES = 10
MOST_POINTS = 600
MOST_PAIRS = 2_000_000  # of text and label, a second to sort
TOGETHER = "all (micro)"


@dataclass(frozen=True)
class Curve:
    """Points of a curve with the area under it; of more curves than are drawn, the area alone."""

    name: str
    across: Floats
    up: Floats
    area: float


@dataclass(frozen=True)
class Curves:
    """Both curves of each label, and of all labels together (micro), where every pair counts alike.

    The sample says of how many pairs the latter are, where they are not of all.
    """

    roc: list[Curve]
    precision_recall: list[Curve]
    sample: str = ""


def ranked(
    name: str, truth: Bools, scores: Floats, weight: float = 1.0, points: int = MOST_POINTS
) -> tuple[Curve, Curve]:
    """Compute ROC and precision-recall, for every threshold; a pair that is false counts for so many.

    The area under precision-recall is average precision, as area() in the metrics has it.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, 1))  # of each run of equal scores
    hits = np.cumsum(truth[order])[last]
    misses = (last + 1 - hits) * weight
    recall, alarms = after(0.0, hits / hits[-1]), after(0.0, misses / misses[-1])
    precision = after(1.0, hits / (hits + misses))
    under = np.sum(np.diff(alarms) * (recall[1:] + recall[:-1])) / 2
    average = np.sum(np.diff(recall) * precision[1:])
    shown = thinned(recall, alarms, points)
    return (
        Curve(name, alarms[shown], recall[shown], float(under)),
        Curve(name, recall[shown], precision[shown], float(average)),
    )


def after(first: float, values: Floats) -> Floats:
    """Put a value in front."""
    return np.concatenate([[first], values])


def thinned(recall: Floats, alarms: Floats, points: int) -> NDArray[np.int64]:
    """Choose points that are spread evenly over both shares: most thresholds lie where nothing is found."""
    even = np.linspace(0, 1, points // 2)
    found = [np.searchsorted(one, even) for one in (recall, alarms)]
    return np.unique(np.concatenate([*found, [len(recall) - 1] * min(points, 1)]).astype(np.int64))


def usable(truth: Bools) -> NDArray[np.int64]:
    """Name the columns that have both answers: only they have a curve."""
    counts = truth.sum(0)
    return np.flatnonzero((counts > 0) & (counts < len(truth)))


def all_curves(names: Sequence[str], truth: Bools, scores: Floats) -> Curves:
    """Compute the curves of every label that has both answers, and of all together if several."""
    columns = usable(truth)
    points = MOST_POINTS if len(columns) <= MOST_CURVES else 0
    found = [ranked(names[n], truth[:, n], scores[:, n], points=points) for n in columns]
    sample = ""
    if len(columns) > 1:
        both, sample = together(truth, scores, columns)
        found.append(both)
    return Curves([one for one, _ in found], [two for _, two in found], sample)


def together(truth: Bools, scores: Floats, columns: NDArray[np.int64]) -> tuple[tuple[Curve, Curve], str]:
    """Compute the curves of all pairs; of too many, from those that hold and a sample of the others."""
    held = truth[:, columns].ravel()
    if len(held) <= MOST_PAIRS:
        return ranked(TOGETHER, held, scores[:, columns].ravel()), ""
    right, wrong = some(held), some(~held)
    every = np.count_nonzero(held)
    pairs = np.concatenate([right, wrong])
    row, column = np.divmod(pairs, len(columns))
    weight = (len(held) - every) / len(wrong) * len(right) / every
    sample = (
        f"The figures of all labels together are from a seeded sample of the {len(held):,} pairs of text and "
        f"label: {len(right):,} that hold and {len(wrong):,} that do not."
    )
    return ranked(TOGETHER, held[pairs], scores[row, columns[column]], weight), sample


def some(which: Bools) -> NDArray[np.int64]:
    """Name the pairs that are meant, of too many a sample."""
    if np.count_nonzero(which) <= MOST_PAIRS:
        return np.flatnonzero(which)
    drawn = np.random.default_rng(0).integers(0, len(which), MOST_PAIRS)
    return drawn[which[drawn]]


def draw_both(curves: Curves, share: float, path: Path) -> None:
    """Draw ROC on the left and precision-recall on the right; dotted is what guessing would give."""
    with canvas(path, 8.4, 5.2, 2) as (left, right):
        left.plot([0, 1], [0, 1], ":", color=GREY)
        right.axhline(share, linestyle=":", color=GREY)
        draw_curves(left, curves.roc, ("false alarms (share of the others)", "found (recall)"))
        draw_curves(right, curves.precision_recall, ("found (recall)", "precision"))
        left.set_title("ROC", fontsize=10)
        right.set_title("precision-recall", fontsize=10)


def draw_curves(axes: Axes, curves: Sequence[Curve], labels: tuple[str, str]) -> None:
    """Draw the curves, each with its area; of more than ten the one of all together alone."""
    several = len(curves) > 1
    for one in curves if len(curves) <= MOST_CURVES + 1 else curves[-1:]:
        together = several and one is curves[-1]
        style = {"color": "black", "linewidth": 2.2, "linestyle": "--"} if together else {"linewidth": 1.3}
        axes.plot(one.across, one.up, label=f"{drawable(one.name)} {one.area:.3f}", **style)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    axes.grid(visible=True)
    axes.legend(fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
