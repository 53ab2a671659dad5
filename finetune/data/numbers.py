"""Keeps a number for each row in memory that is a file: where memory is short, the kernel writes it out.

All that is held for each row while training goes through here, so that memory does not grow with the rows.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Index = NDArray[np.int64]
PIECE = 1 << 16
GROUPS = 16


def spread(count: int, folder: Path | None) -> Index:
    """Make room for so many numbers, in a file without a name; in plain memory where no file can be had."""
    size = count * np.dtype(np.int64).itemsize
    if not size or folder is None:
        return np.empty(count, np.int64)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk must show now, not as a signal later
            return np.frombuffer(mmap.mmap(file.fileno(), size), np.int64)
    except OSError:  # full, or not to be written
        return np.empty(count, np.int64)


def gathered(parts: Iterable[NDArray[Any]], count: int, folder: Path | None) -> Index:
    """Put arrays one after another, `count` numbers in all; the parts are dropped as they come."""
    out, at = spread(count, folder), 0
    for part in parts:
        out[at : at + len(part)] = part
        at += len(part)
    return out


def pieces(count: int) -> Iterator[slice]:
    """Cut rows 0 to count - 1 into slices of some thousands."""
    return (slice(start, min(count, start + PIECE)) for start in range(0, count, PIECE))


def alike(digests: Index) -> Iterator[Index]:
    """Yield the rows in 16 groups by their digests, so that equal texts meet: a group is cheap to sort."""
    low = np.concatenate(
        [(digests[piece] % GROUPS).astype(np.uint8) for piece in pieces(len(digests))]
        or [np.empty(0, np.uint8)]
    )
    return (np.flatnonzero(low == group) for group in range(GROUPS))


def different(digests: Index) -> int:
    """Count the different texts."""
    return sum(len(np.unique(digests[rows])) for rows in alike(digests))


def shared(one: Index, other: Index) -> Index:
    """Find the digests that stand in both, in their order; few are looked for in many, not both sorted."""
    few, many = sorted((one, other), key=len)
    return np.unique(many[held_by(many, few)])


def held_by(digests: Index, others: Index) -> NDArray[np.bool_]:
    """Tell for each text whether it stands among the others."""
    held = np.zeros(len(digests), np.bool_)
    for rows, candidates in zip(alike(digests), alike(others), strict=True):
        held[rows] = np.isin(digests[rows], others[candidates])
    return held


def disputed(digests: Index, codes: Index, meanings: Index) -> Index:
    """Find the texts that occur with labels of different meaning, in the order of their digests."""
    found = []
    for rows in alike(digests):
        texts, meant = digests[rows], meanings[codes[rows]]
        order = np.lexsort((meant, texts))
        same = (np.diff(texts[order]) == 0) & (np.diff(meant[order]) != 0)
        found.append(np.unique(texts[order][1:][same]))
    return np.sort(np.concatenate(found))
