"""Forms batches in which texts have nearly the same length, so that little padding is computed.

A step holds exactly `batch_size` texts, so an epoch means what it means with plain shuffling. Length often
tells something of the label, and steps of one length each see some labels only: in a long run that evens out,
in a short one a step is put together from pieces of several lengths. `cut` decides how a step goes through
the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from finetune.data.pieces import NOT_WANTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from finetune.data.numbers import Index


class Lookup(Protocol):
    """Rows by their number."""

    def __getitem__(self, number: int, /) -> Any:  # noqa: ANN401 - a list or an array
        """Give the numbers of one row."""


class TokenRows(Protocol):
    """Tokenised rows, on disk or in memory."""

    @property
    def input_ids(self) -> Lookup:
        """The ids of each row, without padding."""

    @property
    def lengths(self) -> Index:
        """How many ids each row has."""


@runtime_checkable
class WantedRows(TokenRows, Protocol):
    """Rows that say which tokens are wanted of the model."""

    @property
    def wanted(self) -> Lookup:
        """For each token its true id where the model must guess it, else NOT_WANTED."""


@dataclass(frozen=True)
class MemoryRows:
    """Tokenised texts in memory."""

    input_ids: Sequence[Sequence[int]]

    @cached_property
    def lengths(self) -> Index:
        """How many ids each row has."""
        return np.array([len(one) for one in self.input_ids], np.int64)


NEVER = 1 << 40  # tokens
POOL_STEPS = 256
PIECES, LONG_RUN = 4, 1000  # pieces of a step in a run of fewer steps: docs/decisions/0012


def pieces_of_a_step(total_steps: int) -> int:
    """Tell how many lengths a step mixes in a run of so many steps."""
    return PIECES if total_steps < LONG_RUN else 1


def epoch_steps(
    lengths: Index, batch_size: int, shuffle: tuple[int, int], first: int = 0, pieces: int = 1
) -> Iterator[Index]:
    """Cut a shuffled epoch into steps: shuffle, sort pools of 256 steps by length, shuffle pieces of a pool.

    `shuffle` is seed and epoch: the result depends on nothing but the arguments. Every text is in exactly one
    step, which is put together from so many pieces, each of nearly one length. A pool is sorted when
    its steps are due, so that the first step of millions of rows need not wait; `first` passes over steps.
    """
    order = np.arange(len(lengths), dtype=np.int32 if len(lengths) < 1 << 31 else np.int64)
    np.random.default_rng(shuffle).shuffle(order)
    size = -(-batch_size // pieces)
    for start in range(first // POOL_STEPS * POOL_STEPS, steps_per_epoch(len(order), batch_size), POOL_STEPS):
        members = order[start * batch_size : (start + POOL_STEPS) * batch_size]
        members = members[np.argsort(lengths[members], kind="stable")]
        cuts = [members[at : at + size] for at in range(0, len(members), size)]
        shuffled = np.random.default_rng([*shuffle, start]).permutation(len(cuts))
        mixed: Index = np.concatenate([cuts[one] for one in shuffled])
        for at in range(max(0, first - start) * batch_size, len(mixed), batch_size):
            yield mixed[at : at + batch_size]


def cut(index: Index, lengths: Index, max_tokens: int, overhead: int) -> list[Index]:
    """Cut the texts of a step into micro-batches of at most max_tokens, padding included, for the least work.

    Work is the padded tokens and `overhead` tokens for each micro-batch. Longest first; a text beyond
    max_tokens goes alone. Example: lengths 9, 9, 2, 2 are two micro-batches, unless one costs 14 and more.
    """
    order = index[np.argsort(-lengths[index], kind="stable")]
    sizes = lengths[order]
    work, start_of = np.zeros(len(order) + 1), np.zeros(len(order) + 1, np.int64)
    for end in range(1, len(order) + 1):
        padded_to = np.arange(end, 0, -1) * sizes[:end]
        padded_to[:-1][padded_to[:-1] > max_tokens] = NEVER
        found = work[:end] + padded_to
        start_of[end] = found.argmin()
        work[end] = found[start_of[end]] + overhead
    parts, end = [], len(order)
    while end:
        parts.append(order[start_of[end] : end])
        end = int(start_of[end])
    return parts[::-1]


def micro_batches(index: Index, lengths: Index, max_tokens: int) -> list[Index]:
    """Cut many rows, longest first, into groups whose padded size stays within max_tokens.

    Example: lengths 9, 5, 4, 1 with max_tokens 10 give [9], [5, 4], [1]: 9, 10 and 1 tokens with padding.
    """
    order = index[np.argsort(-lengths[index], kind="stable")]
    groups: list[Index] = []
    start = 0
    while start < len(order):
        fit = max(1, max_tokens // max(1, int(lengths[order[start]])))
        groups.append(order[start : start + fit])
        start += fit
    return groups


def widened(lengths: Index, longest: int) -> Index:
    """Round lengths up so that few of them occur: by an eighth at most, and never beyond the longest.

    Example: 15, 17, 33, 100, 200 become 15, 18, 36, 104, 208, where the longest has 256.
    """
    steps = 1 << np.clip(np.frexp(lengths)[1] - 4, 0, 4)
    found: Index = np.minimum(-(-lengths // steps) * steps, longest)
    return found


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Count the steps of an epoch; the last one of the last pool may be smaller."""
    return -(-rows // batch_size)


def padded(encoded: TokenRows, index: Index, pad_id: int, width: int = 0) -> dict[str, torch.Tensor]:
    """Make the model's input from rows of different length."""
    import torch  # noqa: PLC0415 - the runtime forms batches without torch

    made = rectangle(encoded, index, pad_id, width)
    return {name: torch.from_numpy(value) for name, value in made.items()}


def rectangle(encoded: TokenRows, index: Index, pad_id: int, width: int = 0) -> dict[str, Index]:
    """Put rows side by side: [7, 8] and [9] with pad_id 0 become [[7, 8], [9, 0]] and its mask.

    It is as wide as the longest row, or wider where that is wanted.
    """
    lengths = encoded.lengths[index]
    mask = np.arange(max(width, int(lengths.max()))) < lengths[:, None]
    batch = {
        "input_ids": filled(encoded.input_ids, index, mask, pad_id),
        "attention_mask": mask.astype(np.int64),
    }
    if isinstance(encoded, WantedRows):
        batch["wanted"] = filled(encoded.wanted, index, mask, NOT_WANTED)
    return batch


def filled(rows: Lookup, index: Index, mask: NDArray[np.bool_], filler: int) -> Index:
    """Put rows where the mask holds, and the filler elsewhere."""
    out = np.full(mask.shape, filler, dtype=np.int64)
    out[mask] = np.concatenate([rows[int(number)] for number in index])
    return out
