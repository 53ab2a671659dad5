"""Computes the head of a masked language model at the tokens that are asked for, and nowhere else.

Logits over a vocabulary are the largest tensor of such a model: for 32 texts of 128 tokens and 30,000 words
they take half a gigabyte. One token in seven is asked for, and of its logits only a few figures are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from finetune.data.pieces import NOT_WANTED

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

GUESSES = 5
# where a token's figures stand; after the guessed tokens stand their probabilities
LOSS, TRUTH, TOKENS = 0, 1, 2
FIGURES = TOKENS + 2 * GUESSES


class SparseHead:
    """Hangs itself on a model with hooks; what is saved of the model stays as it was.

    The model then takes `wanted` beside the ids, the true id of each token that is asked for, and its logits
    are figures: (texts, tokens, 1) while training, the loss; else (texts, tokens, 12), all of them. Without
    `wanted` the tokens asked for are those that are [MASK]. Where nothing is asked the figures are NaN.
    """

    def __init__(self, model: PreTrainedModel, mask_id: int) -> None:
        self.mask_id = mask_id
        self.wanted = torch.empty(0)
        model.register_forward_pre_hook(self.before, with_kwargs=True)
        if model.base_model is not model:  # a model without an encoder of its own computes all its logits
            model.base_model.register_forward_hook(self.between)
        model.register_forward_hook(self.after)

    def before(self, _: nn.Module, given: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
        """Take note of what is asked for; the model itself does not know of it."""
        named = dict(named)
        ids, wanted = named["input_ids"], named.pop("wanted", None)
        self.wanted = torch.where(ids == self.mask_id, ids, NOT_WANTED) if wanted is None else wanted
        return given, named

    def between(self, _: nn.Module, __: Any, output: Any) -> Any:  # noqa: ANN401 - an output of transformers
        """Hand only the asked tokens to the head, as one text: heads work token by token."""
        output.last_hidden_state = output[0][self.wanted != NOT_WANTED][None]
        return output

    def after(self, model: nn.Module, __: Any, output: Any) -> Any:  # noqa: ANN401 - an output of transformers
        """Put figures in the place of the logits."""
        asked = self.wanted != NOT_WANTED
        dense = output.logits.shape[:2] == asked.shape and model.base_model is model
        logits = (output.logits[asked] if dense else output.logits[0]).float()
        found = figures(logits, self.wanted[asked], all_of_them=not model.training)
        output.logits = found.new_full((*asked.shape, found.shape[1]), torch.nan)
        output.logits[asked] = found
        return output


def figures(logits: torch.Tensor, truth: torch.Tensor, *, all_of_them: bool) -> torch.Tensor:
    """Reduce the logits of each token to its loss, the true id, and the best guesses."""
    loss = functional.cross_entropy(logits, truth, reduction="none")[:, None]
    if not all_of_them:
        return loss
    shares, tokens = logits.softmax(-1).topk(GUESSES)
    return torch.cat([loss, truth[:, None].float(), tokens.float(), shares], 1)
