"""Cuts a long tagged sentence into windows that overlap, and says which window answers for which word."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERLAP = 0.25  # of a window, which it shares with the next


@dataclass(frozen=True)
class Window:
    """Words start to end are read; words own_start to own_end are answered for. Ends are not included."""

    start: int
    end: int
    own_start: int
    own_end: int


def windows(sizes: Sequence[int], room: int) -> list[Window]:
    """Cover words of these sizes (in tokens) with windows of at most `room` tokens.

    Every word is owned by exactly one window, in order: the owned words of all windows, one behind the other,
    are the sentence. Neighbours share about a quarter of a window, and the border lies in the middle of what
    they share, so that a word at a border is read with context on both sides.
    """
    pieces = [reach(sizes, 0, room)]
    while pieces[-1][1] < len(sizes):
        start, end = pieces[-1]
        back = end
        while back - 1 > start and sum(sizes[back - 1 : end]) <= room * OVERLAP:
            back -= 1
        pieces.append(reach(sizes, back if reach(sizes, back, room)[1] > end else end, room))
    borders = [(one[1] + two[0]) // 2 for one, two in pairwise(pieces)]
    return [
        Window(start, end, own_start, own_end)
        for (start, end), own_start, own_end in zip(
            pieces, [0, *borders], [*borders, len(sizes)], strict=True
        )
    ]


def reach(sizes: Sequence[int], start: int, room: int) -> tuple[int, int]:
    """Go from a word as far as the room lasts; a word longer than the room stands alone and is cut."""
    end, used = start, 0
    while end < len(sizes) and (end == start or used + sizes[end] <= room):
        used += sizes[end]
        end += 1
    return start, end
