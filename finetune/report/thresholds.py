"""The report's part on thresholds: what one for all labels would give, against one for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from finetune.report.pictures import BLUE, GREEN, GREY, ORANGE, canvas
from finetune.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

COMMON = np.linspace(0.01, 0.99, 99)


@dataclass(frozen=True)
class Held:
    """Which labels hold, with what probability, and from which threshold on each is given."""

    names: Sequence[str]
    truth: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    limits: NDArray[np.float64]


def thresholds_section(held: Held) -> Section:
    """Show what one threshold for all labels would have given, against the tuned ones."""
    tuned, half = scores_at(held, held.limits)[2], scores_at(held, 0.5)[2]
    curves = [scores_at(held, limit) for limit in COMMON]
    best = max(range(len(curves)), key=lambda at: curves[at][2])
    text = (
        f"The thresholds, chosen on the validation rows, give a micro-F1 of {tuned:.4f}. One threshold "
        f"for all labels would give {half:.4f} at 0.5, at best {curves[best][2]:.4f} at {COMMON[best]:.2f}."
    )
    return Section("thresholds", "Thresholds", text, partial(draw_thresholds, curves, held.limits, tuned))


def scores_at(held: Held, limits: NDArray[np.float64] | float) -> tuple[float, float, float]:
    """Compute micro precision, recall and F1 with these thresholds, or one for all labels."""
    predicted = held.probabilities >= limits
    hits, found, actual = (float(one.sum()) for one in (predicted & held.truth, predicted, held.truth))
    return hits / max(1, found), hits / max(1, actual), 2 * hits / max(1, found + actual)


def draw_thresholds(
    curves: Sequence[tuple[float, float, float]], limits: NDArray[np.float64], tuned: float, path: Path
) -> None:
    """Draw the scores against a common threshold; ticks at the bottom are the labels' own thresholds."""
    with canvas(path, 6, 4) as (axes,):
        for at, (what, colour) in enumerate((("precision", BLUE), ("recall", ORANGE), ("F1", GREEN))):
            axes.plot(COMMON, [one[at] for one in curves], color=colour, label=f"micro {what}")
        axes.axhline(tuned, color=GREEN, linestyle=":", label="F1, tuned thresholds")
        own = np.full(len(limits), 0.015)
        axes.plot(limits, own, "|", color=GREY, markersize=12, label="tuned thresholds")
        axes.set_xlabel("one threshold for all labels")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.grid(visible=True)
        axes.legend(frameon=False, fontsize=8)
