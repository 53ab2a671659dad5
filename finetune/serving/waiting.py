"""Which of the waiting texts go through the model together. No thread and no clock: the engine has both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

NOT_YET = np.empty(0, np.float32)  # stands where the logits of a row will be
PADDING_SHARE = 16  # as much padding as a sixteenth of the text is taken for a larger batch


@dataclass(frozen=True)
class Limits:
    """How large a batch may become.

    max_tokens counts padding; overhead is what a batch costs whatever is in it, in tokens: so much padding is
    cheaper than another batch. max_wait is in seconds.
    """

    max_tokens: int
    overhead: int
    max_wait: float


@dataclass(eq=False)
class Job:
    """The texts of one request, on their way to answers; places are those that it takes in the queue."""

    texts: list[str]
    future: asyncio.Future[list[dict[str, Any]]]
    since: float
    places: int = 0
    pieces: Any = None
    logits: list[NDArray[np.float32]] = field(default_factory=list)
    missing: int = 0

    @property
    def gone(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.future.done()


@dataclass(frozen=True, eq=False)
class Piece:
    """One row for the model: a text, or a window of a long one."""

    job: Job
    place: int
    ids: Sequence[int]


class Waiting:
    """Pieces in the order of their arrival; requests take turns in having their oldest go next."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._pieces: list[Piece] = []
        self._tokens = 0

    def __len__(self) -> int:
        return len(self._pieces)

    def add(self, pieces: Iterable[Piece]) -> None:
        """Queue up."""
        for one in pieces:
            self._pieces.append(one)
            self._tokens += len(one.ids)

    def pause(self, now: float, *, more: bool) -> float | None:
        """Tell how many seconds the next batch should still wait; None while nothing is there.

        Nothing waits unless more is on its way, the budget is not yet reached, and the deadline not past.
        """
        if not self._pieces:
            return None
        if not more or self._tokens >= self.limits.max_tokens:
            return 0.0
        return max(0.0, self._pieces[0].job.since + self.limits.max_wait - now)

    def take(self) -> list[Piece]:
        """Remove and return the next batch; what nobody waits for any more is dropped.

        The request whose turn it was goes behind the others, so that one of many windows holds nobody up.
        """
        kept = [one for one in self._pieces if not one.job.gone]
        chosen = together([len(one.ids) for one in kept], self.limits)
        taken = set(chosen)
        left = [one for at, one in enumerate(kept) if at not in taken]
        self._pieces = sorted(left, key=lambda one: one.job is kept[0].job)
        self._tokens = sum(len(one.ids) for one in left)
        return [kept[at] for at in chosen]


def together(lengths: Sequence[int], limits: Limits) -> list[int]:
    """Choose the next batch from the lengths of what waits, in the order in which it should go.

    The first always goes; the nearest in length join it, as far as budget and padding allow.
    Example: lengths 20, 90, 21, 19 with an overhead of 8 give 0, 2 and 3; the long one goes by itself next.
    """
    if not lengths:
        return []
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    low = high = order.index(0)
    real = lengths[0]
    while True:
        grown = [
            (low - 1, high, real + lengths[order[low - 1]]) if low > 0 else None,
            (low, high + 1, real + lengths[order[high + 1]]) if high + 1 < len(order) else None,
        ]
        fitting = [
            (padding, one)
            for one in grown
            if one is not None and (padding := allowed(one, lengths[order[one[1]]], limits)) is not None
        ]
        if not fitting:
            return sorted(order[low : high + 1])
        low, high, real = min(fitting)[1]


def allowed(group: tuple[int, int, int], width: int, limits: Limits) -> int | None:
    """Return the padding of a group (from, to, real tokens), None where it is too much or over budget."""
    low, high, real = group
    padded = width * (high - low + 1)
    padding = padded - real
    fits = padded <= limits.max_tokens and padding <= limits.overhead + real // PADDING_SHARE
    return padding if fits else None
