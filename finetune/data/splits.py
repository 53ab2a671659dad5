"""Splits rows of one file: by the seed, in the same proportion for every label, equal texts on one side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Index = NDArray[np.int64]


def stratified(texts: Index, labels: Index, shares: Sequence[float], seed: int) -> list[Index]:
    """Return the rows that are kept and, for each share, those set aside; texts are given by their digests.

    Rows with the same text move together under the label of the first of them, so that no text stands on two
    sides. Every label keeps at least one text, and gives at least one to each share as long as it has more.
    """
    _, firsts, groups = np.unique(texts, return_index=True, return_inverse=True)
    in_order = np.argsort(firsts)
    label_of = labels[firsts]
    side_of = np.zeros(len(firsts), dtype=np.int8)
    generator = np.random.default_rng(seed)
    for label in np.unique(label_of):
        members = in_order[label_of[in_order] == label]
        drawn, start = members[generator.permutation(len(members))], 0
        for side, share in enumerate(shares, 1):
            wanted = max(1, round(len(members) * share)) if share else 0
            end = min(len(members) - 1, start + wanted)
            side_of[drawn[start:end]] = side
            start = end
    sides = side_of[groups]
    return [np.flatnonzero(sides == side) for side in range(len(shares) + 1)]


def shared(one: Index, other: Index) -> Index:
    """Find the digests that stand in both."""
    found: Index = np.intersect1d(one, other)
    return found
