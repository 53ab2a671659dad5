"""The best legal sequence of tags, and how sure each of its tags is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FORBIDDEN = -1e4


def legal_moves(tags: Sequence[str]) -> NDArray[np.float32]:
    """Score moves from the row's tag to the column's: 0, or forbidden where I-x follows neither B-x nor I-x.

    The last row is the start of a sentence.
    """
    out = np.zeros((len(tags) + 1, len(tags)), dtype=np.float32)
    for column, tag in enumerate(tags):
        if tag.startswith("I-"):
            before = [one[2:] == tag[2:] and one != "O" for one in tags]
            out[:, column] = [*(0.0 if fits else FORBIDDEN for fits in before), FORBIDDEN]
    return out


def best_path(emissions: NDArray[np.float32], moves: NDArray[np.float32]) -> NDArray[np.int64]:
    """Find the best legal sequence of tags (Viterbi); emissions are words by tags."""
    score = emissions[0] + moves[-1]
    back = np.zeros(emissions.shape, dtype=np.int64)
    for at in range(1, len(emissions)):
        options = score[:, None] + moves[:-1]
        back[at] = options.argmax(0)
        score = options.max(0) + emissions[at]
    path = [int(score.argmax())]
    for at in range(len(emissions) - 1, 0, -1):
        path.append(int(back[at, path[-1]]))
    return np.array(path[::-1])


def marginals(emissions: NDArray[np.float32], moves: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give each word's probability of each tag over all legal sequences (forward-backward): words by tags."""
    ahead, behind = emissions.astype(np.float64), np.zeros(emissions.shape)
    ahead[0] += moves[-1]
    for at in range(1, len(emissions)):
        ahead[at] += np.logaddexp.reduce(ahead[at - 1][:, None] + moves[:-1], axis=0)
    for at in range(len(emissions) - 2, -1, -1):
        behind[at] = np.logaddexp.reduce(moves[:-1] + emissions[at + 1] + behind[at + 1], axis=1)
    both = ahead + behind
    out: NDArray[np.float64] = np.exp(both - np.logaddexp.reduce(both, axis=1, keepdims=True))
    return out
