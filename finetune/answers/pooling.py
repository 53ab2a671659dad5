"""Puts the windows of long texts together: one row of logits per text, the mean over its windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pooled:
    """Logits (texts, labels), and for each text the number of its first row."""

    logits: NDArray[np.float32]
    first: NDArray[np.int64]


def pooled(logits: Sequence[NDArray[np.float32]], rows: Sequence[int] | NDArray[np.int64]) -> Pooled:
    """Average the rows of each text; those of one text lie side by side.

    Example: logits [1], [3], [5] with rows 0, 0, 1 give [2], [5], the first rows being 0 and 2.
    """
    _, first, counts = np.unique(np.asarray(rows), return_index=True, return_counts=True)
    stacked = np.stack(logits)
    if len(first) == len(stacked):
        return Pooled(stacked, first)
    return Pooled((np.add.reduceat(stacked, first) / counts[:, None]).astype(np.float32), first)
