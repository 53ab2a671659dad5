"""Splits rows of one file: by the seed, in the same proportion for every label, equal texts on one side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from finetune.data.numbers import alike, gathered, pieces, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from finetune.data.numbers import Index

ROWS_A_PASS = 1 << 15  # some bytes for each are held at once


def stratified(
    texts: Index, labels: Index, shares: Sequence[float], seed: int, folder: Path | None = None
) -> list[Index]:
    """Return the rows that are kept and, for each share, those set aside; texts are given by their digests.

    Rows with the same text move together under the label of the first of them, so that no text stands on two
    sides. Every label keeps at least one text, and gives at least one to each share as long as it has more.
    """
    first, leads = firsts(texts, folder)
    side_of = np.zeros(len(texts), dtype=np.int8)
    generator = np.random.default_rng(seed)
    for drawn in by_label(labels, leads):
        start, count = 0, len(drawn)
        generator.shuffle(drawn)
        for side, share in enumerate(shares, 1):
            wanted = max(1, round(count * share)) if share else 0
            end = min(count - 1, start + wanted)
            side_of[drawn[start:end]] = side
            start = end
    sides = side_of[first]
    return [rows_where(sides == side, folder) for side in range(len(shares) + 1)]


def by_label(labels: Index, wanted: NDArray[np.bool_]) -> Iterator[Index]:
    """Yield the wanted rows of each label; a pass over all rows finds those of as many labels as fit."""
    count = int(labels.max(initial=-1)) + 1
    rows = np.zeros(count, np.int64)
    for piece in pieces(len(labels)):
        rows += np.bincount(labels[piece][wanted[piece]], minlength=count)
    pass_of = np.cumsum(rows) // ROWS_A_PASS
    for one in np.unique(pass_of):
        first, last = np.flatnonzero(pass_of == one)[[0, -1]]
        found = np.concatenate(
            [
                piece.start
                + np.flatnonzero(wanted[piece] & (labels[piece] >= first) & (labels[piece] <= last))
                for piece in pieces(len(labels))
            ]
        )
        if first < last:
            found = found[np.argsort(labels[found], kind="stable")]
        yield from np.split(found, np.cumsum(rows[first:last]))


def firsts(texts: Index, folder: Path | None) -> tuple[Index, NDArray[np.bool_]]:
    """Give for each row the first row with the same text, and whether it is that row itself."""
    first, leads = spread(len(texts), folder), np.zeros(len(texts), np.bool_)
    for rows in alike(texts):
        _, places, groups = np.unique(texts[rows], return_index=True, return_inverse=True)
        first[rows] = rows[places[groups]]
        leads[rows[places]] = True
    return first, leads


def rows_where(wanted: NDArray[np.bool_], folder: Path | None) -> Index:
    """List the rows for which it holds."""
    found = (piece.start + np.flatnonzero(wanted[piece]) for piece in pieces(len(wanted)))
    return gathered(found, int(np.count_nonzero(wanted)), folder)
