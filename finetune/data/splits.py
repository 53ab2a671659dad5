"""Splits rows of one file: by the seed, in the same proportion for every label, equal texts on one side."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Index = NDArray[np.int64]


def stratified(texts: Sequence[str], labels: Sequence[str], share: float, seed: int) -> tuple[Index, Index]:
    """Return (kept, set aside) as row numbers.

    Rows with the same text move together under the label of the first of them, so that no text stands on both
    sides. Every label keeps at least one text; a label with two texts or more gives at least one away.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        groups[text].append(number)
    by_label: dict[str, list[list[int]]] = defaultdict(list)
    for rows in groups.values():
        by_label[labels[rows[0]]].append(rows)
    generator = np.random.default_rng(seed)
    aside: list[int] = []
    for label in sorted(by_label):
        members = by_label[label]
        count = min(len(members) - 1, max(1, round(len(members) * share)))
        for position in generator.permutation(len(members))[:count]:
            aside += members[position]
    mask = np.zeros(len(texts), dtype=bool)
    mask[aside] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)
