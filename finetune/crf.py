"""A linear-chain CRF over BIO tags: its loss in torch; the best path is found by finetune.answers.viterbi."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from finetune.answers.viterbi import legal_moves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

SCALE = 20.0  # transitions start at 0 and must move far; this is as if they had 20 times the learning rate


class Crf(nn.Module):
    """Learned scores of moving from tag to tag, on top of the rules."""

    legal: torch.Tensor

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__()
        self.moves = nn.Parameter(torch.zeros(len(tags) + 1, len(tags)))
        self.register_buffer("legal", torch.from_numpy(legal_moves(tags)), persistent=False)

    def scores(self) -> torch.Tensor:
        """Give the score of every move; the last row starts a sentence."""
        return self.moves * SCALE + self.legal

    def numpy_scores(self) -> NDArray[np.float32]:
        """Give the scores for best_path."""
        out: NDArray[np.float32] = self.scores().detach().float().cpu().numpy()
        return out

    def loss(self, emissions: torch.Tensor, tags: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Sum the negative log-likelihood of the tags; the mask marks words, which stand in front."""
        moves = self.scores()
        started = emissions[:, :1] + self.starts(tags[:, :1])
        emissions = torch.cat([started, emissions[:, 1:]], 1)
        return (all_paths(emissions, mask, moves) - path_score(emissions, tags, mask, moves)).sum()

    def starts(self, tags: torch.Tensor) -> torch.Tensor:
        """Score every tag as the first; a window may begin within an entity, which no sentence does."""
        within = self.legal[-1, tags] < 0
        return torch.where(within[..., None], self.moves[-1] * SCALE, self.scores()[-1])


def all_paths(emissions: torch.Tensor, mask: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
    """Sum over all sequences (the forward algorithm), in log space; emissions hold the score of the start."""
    score = emissions[:, 0]
    for at in range(1, emissions.shape[1]):
        after = torch.logsumexp(score[:, :, None] + moves[None, :-1], dim=1) + emissions[:, at]
        score = torch.where(mask[:, at, None], after, score)
    return torch.logsumexp(score, dim=1)


def path_score(
    emissions: torch.Tensor, tags: torch.Tensor, mask: torch.Tensor, moves: torch.Tensor
) -> torch.Tensor:
    """Score one sequence; emissions hold the score of the start."""
    own = emissions.gather(2, tags[:, :, None]).squeeze(2)
    steps = moves[tags[:, :-1], tags[:, 1:]]
    return (own * mask).sum(1) + (steps * mask[:, 1:]).sum(1)


def words_first(
    logits: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Drop tokens that answer for no word (target -100): emissions, tags, mask with the words in front."""
    mask = targets >= 0
    order = torch.argsort((~mask).to(torch.int8), dim=1, stable=True)[:, : int(mask.sum(1).max())]
    emissions = logits.gather(1, order[:, :, None].expand(-1, -1, logits.shape[2]))
    return emissions, targets.gather(1, order).clamp(min=0), mask.gather(1, order)
