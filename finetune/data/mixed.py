"""Splits rows of one file that hold several labels each: as in splits.py, but no set of labels is a stratum.

Most sets are too rare for shares of their own. Texts are put in an order in which neighbours have nearly the
same labels, the rarest label counting first, and each stretch of the order gives its share: in one sort, what
the iterative stratification of Sechidis et al. 2011 goes through the rows for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from finetune.data.splits import firsts, rows_where

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from finetune.data.numbers import Index

    Sets = Sequence[tuple[str, ...]]


def mixed(
    texts: Index, labels: tuple[Index, Sets], shares: Sequence[float], seed: int, folder: Path | None = None
) -> list[Index]:
    """Return the rows that are kept and, for each share, those set aside; labels are as of Split.label_codes.

    Rows with the same text move together under the labels of the first of them. Every label keeps a text.
    """
    first, leads = firsts(texts, folder)
    generator = np.random.default_rng(seed)
    rest, count = drawable(leads, *labels, generator), np.count_nonzero(leads)
    side_of = np.zeros(len(texts), dtype=np.int8)
    for side, share in enumerate(shares, 1):
        wanted = max(1, round(count * share)) if share else 0
        drawn = spots(len(rest), wanted, generator)
        side_of[rest[drawn]] = side
        rest = np.delete(rest, drawn)
    sides = side_of[first]
    return [rows_where(sides == side, folder) for side in range(len(shares) + 1)]


def drawable(
    leads: NDArray[np.bool_], codes: Index, sets: Sets, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Put the texts in order, without one text of each label."""
    order = np.flatnonzero(leads)
    generator.shuffle(order)
    counts = np.bincount(codes[order], minlength=len(sets))
    rarity = by_rarity(sets, counts)
    place = places(sets, rarity)
    keys = place[codes[order]]
    sort = np.argsort(keys, kind="stable")
    return np.delete(order[sort], np.searchsorted(keys[sort], place[with_each(sets, counts, rarity)]))


def by_rarity(sets: Sets, counts: Index) -> dict[str, int]:
    """Number the labels that texts have, the rarest first."""
    texts: Counter[str] = Counter()
    for held, count in zip(sets, counts.tolist(), strict=True):
        texts.update(dict.fromkeys(held, count))
    found = sorted((count, label) for label, count in texts.items() if count)
    return {label: at for at, (_, label) in enumerate(found)}


def places(sets: Sets, rarity: dict[str, int]) -> NDArray[np.int32]:
    """Give each set its place in the order: by its rarest label, then its size, then the rest."""
    numbers = [sorted(rarity.get(label, 0) for label in held) for held in sets]
    order = sorted(range(len(sets)), key=lambda code: (numbers[code][:1], len(numbers[code]), numbers[code]))
    place = np.empty(len(sets), np.int32)
    place[order] = np.arange(len(sets))
    return place


def with_each(sets: Sets, counts: Index, rarity: dict[str, int]) -> list[int]:
    """Choose sets that together have every label, for each the most frequent one; one set there is always."""
    frequent = np.argsort(-counts, kind="stable").tolist()
    usual: dict[str, int] = {}
    for code in frequent:
        for label in sets[code]:
            usual.setdefault(label, code)
    chosen: dict[int, None] = {}
    held: set[str] = set()
    for label in rarity:
        if label not in held:
            chosen[usual[label]] = None
            held.update(sets[usual[label]])
    return list(chosen) or frequent[:1]


def spots(count: int, wanted: int, generator: np.random.Generator) -> Index:
    """Draw places of 0 to count - 1, one at random in each of so many stretches of nearly the same size."""
    edges = np.linspace(0, count, min(wanted, count) + 1).astype(np.int64)
    return edges[:-1] + (generator.random(len(edges) - 1) * np.diff(edges)).astype(np.int64)
