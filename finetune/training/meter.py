"""Measures throughput: texts and tokens in the time spent on training alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finetune.data.numbers import Index
    from finetune.data.tokens import Encoded
    from finetune.training.checkpoint import State


class Meter:
    """Counts into the state; a GPU works behind the program's back, so settle only after waiting for it.

    A text that is read in several pieces counts once: each piece counts for the share that it is on average.
    """

    def __init__(self, state: State, train: Encoded) -> None:
        self.state, self.lengths = state, train.lengths
        self.texts_a_piece = train.texts / len(train)
        self.since = time.monotonic()
        self.before = self.counts()

    def counts(self) -> tuple[float, int, float]:
        """Tell texts, tokens and seconds so far."""
        return self.state.texts, self.state.tokens, self.state.seconds

    def count(self, index: Index) -> float:
        """Count one step's texts and their tokens, padding left out; return the texts."""
        texts = len(index) * self.texts_a_piece
        self.state.texts += texts
        self.state.tokens += int(self.lengths[index].sum())
        return texts

    def settle(self) -> None:
        """Book the time up to now."""
        now = time.monotonic()
        self.state.seconds += now - self.since
        self.since = now

    def restart(self) -> None:
        """Leave out the time since the last booking."""
        self.since = time.monotonic()

    def speeds(self, preparing: float) -> dict[str, float]:
        """Tell the throughput since the last look, and what share of it went into preparing batches."""
        texts, tokens, seconds = (now - then for now, then in zip(self.counts(), self.before, strict=True))
        self.before = self.counts()
        seconds = max(1e-9, seconds)
        speeds = {"texts_per_second": texts / seconds, "tokens_per_second": tokens / seconds}
        return {**speeds, "preparing_share": preparing / seconds}
