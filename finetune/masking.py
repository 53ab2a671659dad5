"""Chooses the tokens that a masked language model must guess; the same key always gives the same mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from finetune.data.blocks import CONTINUES, FIXED
from finetune.data.pieces import NOT_WANTED
from finetune.data.store import Ragged

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune.data.tokens import Encoded

Ints = NDArray[np.integer[Any]]
MASKED, REPLACED = 0.8, 0.9  # of the chosen tokens 80% become [MASK], 10% another token, 10% stay
REMEMBERED = 4096


@dataclass(frozen=True, eq=False)
class Masking:
    """How tokens are chosen and by what they are replaced."""

    share: float
    mask_id: int
    vocabulary: Ints
    whole_words: bool = True

    def choose(self, marks: Ints, generator: np.random.Generator) -> Ints:
        """Draw whole words until the share of the tokens is reached; return their tokens' positions.

        The last word may go beyond the share, so that long words are drawn as often as short ones. Where
        any token may be drawn, at least one is.
        """
        places = np.flatnonzero(marks != FIXED)
        if not len(places):
            return places
        joined = (marks[places] == CONTINUES) & self.whole_words
        joined[0] = False
        words = np.cumsum(~joined) - 1
        sizes = np.bincount(words)
        order = generator.permutation(len(sizes))
        enough = np.searchsorted(np.cumsum(sizes[order]), asked_of(len(places), self.share)) + 1
        return places[np.isin(words, order[:enough])]

    def apply(self, ids: Ints, marks: Ints, generator: np.random.Generator) -> tuple[Ints, Ints]:
        """Return the ids as the model reads them, and what it must guess: the true id, else NOT_WANTED."""
        chosen = self.choose(marks, generator)
        draw = generator.random(len(chosen))
        others = generator.choice(self.vocabulary, len(chosen))
        read, wanted = np.array(ids, dtype=np.int64), np.full(len(ids), NOT_WANTED, dtype=np.int64)
        wanted[chosen] = read[chosen]
        read[chosen] = np.select([draw < MASKED, draw < REPLACED], [self.mask_id, others], read[chosen])
        return read, wanted


def asked_of(tokens: Any, share: float) -> Any:  # noqa: ANN401 - a number or an array of them
    """Tell how many of so many tokens are to be guessed: 15% of 20 is 3, and never none."""
    return np.maximum(1, np.rint(tokens * share)).astype(int)


class MaskedRows:
    """Encoded rows under a mask that depends on the key and the row's number, and on nothing else."""

    def __init__(self, encoded: Encoded, masking: Masking, key: tuple[int, ...]) -> None:
        ids, marks = encoded.input_ids, Ragged(encoded.labels)

        def masked(number: int) -> tuple[Ints, Ints]:
            generator = np.random.default_rng([*key, number])
            return masking.apply(ids[number], marks[number], generator)

        remembered = lru_cache(REMEMBERED)(masked)
        self.lengths = encoded.lengths
        self.input_ids = Rows(lambda number: remembered(number)[0])
        self.wanted = Rows(lambda number: remembered(number)[1])


@dataclass(frozen=True)
class Rows:
    """Rows that are made when they are looked at."""

    make: Callable[[int], Ints]

    def __getitem__(self, number: int, /) -> Ints:
        """Make one row."""
        return self.make(number)
