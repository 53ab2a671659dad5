"""Draws the report's pictures with a font that has the labels' characters."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from finetune.training.checkpoint import State

CJK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Droid Sans Fallback",
)  # fmt: skip
BLUE, ORANGE, GREY, GREEN, RED = "#2f6fb0", "#d9822b", "#8a8f98", "#3b8f5a", "#b5443c"
NUMBERED_FROM = 40
LONGEST_LABEL = 24
DOTS_PER_INCH = 150
LARGEST, NAMED = 32, 150  # inches of a picture, and names that can be read along them


@cache
def fonts() -> list[str]:
    """Name the fonts to try, those first that have Chinese and are installed."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - a second, for those who draw

    if not {one.name for one in fontManager.ttflist} & set(CJK_FONTS):
        add_new_fonts()
    installed = {one.name for one in fontManager.ttflist}
    return [*(one for one in CJK_FONTS if one in installed), "DejaVu Sans"]


def add_new_fonts() -> None:
    """Tell matplotlib of fonts that were installed after it wrote its list, which it keeps for good."""
    from matplotlib.font_manager import findSystemFonts, fontManager  # noqa: PLC0415 - see fonts

    listed = {one.fname for one in fontManager.ttflist}
    for path in set(findSystemFonts()) - listed:
        with suppress(OSError, RuntimeError):  # a damaged font
            fontManager.addfont(path)


def drawable(name: str) -> str:
    """Write a label so that it can be drawn: without a font that has it, by code points, not boxes.

    Of a long one the middle is left out: labels often begin alike.
    """
    has_cjk = fonts()[0] != "DejaVu Sans"
    known = has_cjk or all(ord(one) < 0x2E80 for one in name)
    text = name if known else name.encode("unicode_escape").decode()
    if len(text) > LONGEST_LABEL:
        text = f"{text[: LONGEST_LABEL // 2]}…{text[1 - LONGEST_LABEL // 2 :]}"
    return text.replace("$", r"\$")  # matplotlib would set what stands between two $ as mathematics


@contextmanager
def canvas(path: Path, width: float, height: float, columns: int = 1) -> Iterator[list[Axes]]:
    """Give axes to draw on and save them; needs no display and leaves matplotlib's global state alone."""
    from matplotlib import rc_context  # noqa: PLC0415 - see fonts
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see fonts
    from matplotlib.figure import Figure  # noqa: PLC0415 - see fonts

    style: dict[Any, Any] = {"font.family": fonts(), "axes.unicode_minus": False, "axes.edgecolor": GREY}
    style |= {"grid.color": "#e6e6e6", "axes.axisbelow": True}
    with rc_context({**style, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield list(np.atleast_1d(figure.subplots(1, columns)))
        figure.savefig(path, dpi=DOTS_PER_INCH)


def draw_confusion(matrix: np.ndarray[Any, np.dtype[np.int64]], names: Sequence[str], path: Path) -> None:
    """Draw the confusion matrix: colour is the share of the true class, the number is the count."""
    size = min(max(4.5, 0.62 * len(names) + 2), LARGEST)
    with canvas(path, size + 0.8, size) as (axes,):
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        every = -(-len(names) // NAMED)
        places, shown = range(0, len(names), every), [drawable(one) for one in names[::every]]
        axes.set_xticks(places, shown, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, shown)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        if len(names) <= NUMBERED_FROM:
            write_counts(axes, matrix, shares)
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
        bar.outline.set_visible(False)


def write_counts(axes: Axes, matrix: np.ndarray[Any, Any], shares: np.ndarray[Any, Any]) -> None:
    """Write the counts into the cells, light on dark."""
    for row, column in zip(*np.nonzero(matrix), strict=True):
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, f"{matrix[row, column]}", ha="center", va="center", color=colour, fontsize=8)


def draw_training(state: State, metric: str, path: Path) -> None:
    """Draw training and validation loss, and the metric that chose the best checkpoint."""
    steps = [one["step"] for one in state.evaluations]
    wide = bool(steps) and metric != "loss"
    with canvas(path, 8 if wide else 5, 3.4, 2 if wide else 1) as panels:
        draw_losses(panels[0], state)
        if wide:
            values = [one[metric] for one in state.evaluations]
            panels[1].plot(steps, values, "o-", color=GREEN)
            panels[1].set_title(f"validation {metric}", fontsize=10)
            panels[1].set_xlabel("step")
            panels[1].set_xlim(left=0)
            panels[1].locator_params(axis="x", integer=True)
            panels[1].grid(visible=True)
            mark_best(panels[1], state)


def draw_losses(axes: Axes, state: State) -> None:
    """Draw both losses; the axis begins at 0."""
    steps = [one["step"] for one in state.losses]
    axes.plot(steps, [one["loss"] for one in state.losses], color=BLUE, label="training")
    measured = [one for one in state.evaluations if "loss" in one]
    if measured:
        losses = [one["loss"] for one in measured]
        axes.plot([one["step"] for one in measured], losses, "o-", color=ORANGE, label="validation")
    axes.set_title("loss", fontsize=10)
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="x", integer=True)
    axes.grid(visible=True)
    axes.legend(frameon=False)


def mark_best(axes: Axes, state: State) -> None:
    """Mark the step whose weights were kept."""
    if state.best_step is not None:
        axes.axvline(state.best_step, color=GREY, linestyle=":", label=f"kept: step {state.best_step:,}")
        axes.legend(frameon=False, loc="lower right")


def draw_calibration(bins: list[tuple[float, float, int]], path: Path) -> None:
    """Draw how often predictions are right against how sure the model was; larger points are more texts."""
    with canvas(path, 4.8, 4.2) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color=GREY, label="perfectly calibrated")
        axes.plot([one[0] for one in bins], [one[1] for one in bins], "-", color=BLUE, label="this model")
        most = max((one[2] for one in bins), default=1)
        areas = [20 + 120 * one[2] / most for one in bins]
        axes.scatter([one[0] for one in bins], [one[1] for one in bins], areas, color=BLUE, zorder=3)
        axes.set_xlabel("mean confidence")
        axes.set_ylabel("share that is right")
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, 1.05)
        axes.grid(visible=True)
        axes.legend(frameon=False)


def draw_lengths(lengths: NDArray[np.int32], unit: str, path: Path) -> None:
    """Draw how long texts are, up to the longest hundredth, and what share a limit would cut."""
    top = max(8, int(np.percentile(lengths, 99.5)))
    with canvas(path, 8, 4) as (axes,):
        width = -(-top // 60)
        axes.hist(
            np.minimum(lengths, top),
            bins=[edge - 0.5 for edge in range(0, top + 2 * width, width)],
            color=BLUE,
        )
        axes.set_xlabel(f"{unit} of a text")
        axes.set_ylabel("texts")
        limits = np.arange(1, top + 1)
        right = axes.twinx()
        right.plot(limits, [(lengths > limit).mean() * 100 for limit in limits], color=ORANGE)
        right.set_ylabel("% cut at this limit", color=ORANGE)
        right.set_ylim(0, 100)
