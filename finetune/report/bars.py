"""Draws bars: how many texts each label has, how well each label is found, what kinds of error there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from finetune.report.pictures import BLUE, GREEN, GREY, ORANGE, RED, canvas, drawable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

COLOURS = (BLUE, ORANGE, GREY, GREEN, RED)
STACK = (GREEN, GREY, ORANGE, BLUE, RED)
MOST_BARS = 40
SCORE = "score"  # the unit of what lies between 0 and 1

Series = dict[str, list[float]]


def rows_for(axes: Axes, names: Sequence[str], legend: int) -> None:
    """Name the rows, the first on top, and put the legend above them."""
    axes.set_yticks(range(len(names)), [drawable(one) for one in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=legend, frameon=False)


def draw_grouped(names: Sequence[str], series: Series, unit: str, path: Path) -> None:
    """Draw a bar of each series beside each name, such as precision, recall and F1 of each label."""
    thick = 0.8 / len(series)
    with canvas(path, 8, 1.2 + len(names) * max(0.3, 0.17 * len(series))) as (axes,):
        for at, (what, values) in enumerate(series.items()):
            places = np.arange(len(names)) + (at - (len(series) - 1) / 2) * thick
            axes.barh(places, values, thick, color=COLOURS[at], label=what)
        axes.set_xlabel(unit)
        axes.set_xlim(0, 1 if unit == SCORE else None)
        rows_for(axes, names, len(series))


def draw_stacked(names: Sequence[str], series: Series, unit: str, path: Path) -> None:
    """Draw one bar for each name, made of the series one after the other."""
    with canvas(path, 8, 1.4 + 0.42 * len(names)) as (axes,):
        left = np.zeros(len(names))
        for at, (what, values) in enumerate(series.items()):
            axes.barh(range(len(names)), values, 0.7, left=left, color=STACK[at], label=what)
            left += np.array(values)
        axes.set_xlabel(unit)
        rows_for(axes, names, len(series))


def draw_balance(
    names: Sequence[str], counts: Mapping[str, Sequence[int]], totals: Mapping[str, int], path: Path
) -> None:
    """Draw what share of every split's rows has each label, the most frequent ones where there are many."""
    first = np.array(next(iter(counts.values())))
    kept = np.sort(np.argsort(-first, kind="stable")[:MOST_BARS])
    series = {
        split: [100 * found[n] / max(1, totals[split]) for n in kept] for split, found in counts.items()
    }
    draw_grouped([names[n] for n in kept], series, "% of the rows", path)
