"""Draws the report's pictures with a font that has the labels' characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from finetune.training.checkpoint import State

CJK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Droid Sans Fallback",
)  # fmt: skip
BLUE, ORANGE, GREY = "#2f6fb0", "#d9822b", "#8a8f98"
NUMBERED_FROM = 40


def fonts() -> list[str]:
    """Name the fonts to try, those first that have Chinese and are installed."""
    from matplotlib import font_manager  # noqa: PLC0415 - a second, for those who draw

    installed = {one.name for one in font_manager.fontManager.ttflist}
    return [*(one for one in CJK_FONTS if one in installed), "DejaVu Sans"]


def drawable(name: str, families: list[str]) -> str:
    """Write a label so that it can be drawn: without a font that has it, by code points, not boxes."""
    has_cjk = families[0] != "DejaVu Sans"
    return (
        name if has_cjk or all(ord(one) < 0x2E80 for one in name) else name.encode("unicode_escape").decode()
    )


def canvas(width: float, height: float) -> tuple[Any, Axes, list[str]]:
    """Make a figure that needs no display and leaves matplotlib's global state alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see fonts
    from matplotlib.figure import Figure  # noqa: PLC0415 - see fonts

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot(), fonts()


def draw_confusion(matrix: np.ndarray[Any, np.dtype[np.int64]], names: Sequence[str], path: Path) -> None:
    """Draw the confusion matrix: colour is the share of the true class, the number is the count."""
    from matplotlib import rc_context  # noqa: PLC0415 - see fonts

    size = max(4.5, 0.62 * len(names) + 2)
    with rc_context({"font.family": fonts(), "axes.unicode_minus": False}):
        figure, axes, families = canvas(size + 0.8, size)
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        shown = [drawable(one, families) for one in names]
        axes.set_xticks(range(len(names)), shown, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), shown)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        if len(names) <= NUMBERED_FROM:
            write_counts(axes, matrix, shares)
        figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
        figure.savefig(path, dpi=110)


def write_counts(axes: Axes, matrix: np.ndarray[Any, Any], shares: np.ndarray[Any, Any]) -> None:
    """Write the counts into the cells, light on dark."""
    for row, column in zip(*np.nonzero(matrix), strict=True):
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, f"{matrix[row, column]}", ha="center", va="center", color=colour, fontsize=8)


def draw_curves(state: State, metric: str, path: Path) -> None:
    """Draw training and validation loss, and the metric that chose the best checkpoint."""
    from matplotlib import rc_context  # noqa: PLC0415 - see fonts

    with rc_context({"font.family": fonts(), "axes.unicode_minus": False}):
        figure, axes, _ = canvas(8, 4)
        axes.plot(
            [one["step"] for one in state.losses],
            [one["loss"] for one in state.losses],
            color=BLUE,
            label="training loss",
        )
        steps = [one["step"] for one in state.evaluations]
        if state.evaluations and "loss" in state.evaluations[0]:
            losses = [one["loss"] for one in state.evaluations]
            axes.plot(steps, losses, "o-", color=ORANGE, label="validation loss")
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.set_ylim(bottom=0)
        right = axes.twinx()
        values = [one[metric] for one in state.evaluations]
        right.plot(steps, values, "s--", color=GREY, label=f"validation {metric}")
        right.set_ylabel(metric)
        lines = [*axes.get_lines(), *right.get_lines()]
        axes.legend(
            lines,
            [str(one.get_label()) for one in lines],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
        )
        figure.savefig(path, dpi=110)


def draw_calibration(bins: list[tuple[float, float, int]], path: Path) -> None:
    """Draw how often predictions are right against how sure the model was."""
    from matplotlib import rc_context  # noqa: PLC0415 - see fonts

    with rc_context({"font.family": fonts(), "axes.unicode_minus": False}):
        figure, axes, _ = canvas(4.8, 4.2)
        axes.plot([0, 1], [0, 1], ":", color=GREY, label="perfectly calibrated")
        axes.plot([one[0] for one in bins], [one[1] for one in bins], "o-", color=BLUE, label="this model")
        axes.set_xlabel("mean confidence")
        axes.set_ylabel("share that is right")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.legend(frameon=False)
        figure.savefig(path, dpi=110)


def draw_lengths(lengths: np.ndarray[Any, np.dtype[np.int64]], unit: str, path: Path) -> None:
    """Draw how long texts are, up to the longest hundredth, and what share a limit would cut."""
    from matplotlib import rc_context  # noqa: PLC0415 - see fonts

    top = max(8, int(np.percentile(lengths, 99.5)))
    with rc_context({"font.family": fonts(), "axes.unicode_minus": False}):
        figure, axes, _ = canvas(8, 4)
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
        figure.savefig(path, dpi=110)
