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


@dataclass(frozen=True)
class Curve:
    """Points of a curve with the area under it."""

    name: str
    across: Floats
    up: Floats
    area: float


def roc(name: str, truth: Bools, scores: Floats) -> Curve:
    """Compute true positives found against false alarms raised, for every threshold."""
    from sklearn.metrics import auc, roc_curve  # noqa: PLC0415 - a second, for those who report

    across, up, _ = roc_curve(truth, scores)
    return Curve(name, across, up, float(auc(across, up)))


def precision_recall(name: str, truth: Bools, scores: Floats) -> Curve:
    """Compute precision against recall, for every threshold; the area is average precision."""
    from sklearn.metrics import average_precision_score, precision_recall_curve  # noqa: PLC0415 - see roc

    up, across, _ = precision_recall_curve(truth, scores)
    return Curve(name, across, up, float(average_precision_score(truth, scores)))


def usable(truth: Bools) -> list[int]:
    """Name the columns that have both answers: only they have a curve."""
    return [n for n in range(truth.shape[1]) if 0 < truth[:, n].sum() < len(truth)]


@dataclass(frozen=True)
class Curves:
    """Both curves of each label, and of all labels together (micro), where every pair counts alike."""

    roc: list[Curve]
    precision_recall: list[Curve]


def all_curves(names: Sequence[str], truth: Bools, scores: Floats) -> Curves:
    """Compute the curves of every label that has both answers, and of all together if several."""
    columns = usable(truth)
    found = [(names[n], truth[:, n], scores[:, n]) for n in columns]
    if len(columns) > 1:
        found.append(("all (micro)", truth[:, columns].ravel(), scores[:, columns].ravel()))
    return Curves([roc(*one) for one in found], [precision_recall(*one) for one in found])


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
        thin = np.unique(np.linspace(0, len(one.across) - 1, MOST_POINTS).astype(int))
        together = several and one is curves[-1]
        style = {"color": "black", "linewidth": 2.2, "linestyle": "--"} if together else {"linewidth": 1.3}
        axes.plot(one.across[thin], one.up[thin], label=f"{drawable(one.name)} {one.area:.3f}", **style)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    axes.grid(visible=True)
    axes.legend(fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
