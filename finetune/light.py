"""The light baseline: embeddings of tokens and of neighbouring pairs, their mean, a linear layer.

Pairs are what fastText adds to the tutorials' model (Joulin et al. 2016): two characters of Chinese are
mostly a word. Importing this module makes the model known to AutoModelForSequenceClassification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

if TYPE_CHECKING:
    from pathlib import Path

PRIME = 1_000_003
INITIAL = 0.02
HIDDEN, BUCKETS, DROPOUT = 64, 1 << 16, 0.3


class LightConfig(PreTrainedConfig):  # type: ignore[no-untyped-call] # transformers' own hook has no types
    """How large the model is; pairs of tokens share pair_buckets embeddings."""

    model_type = "finetune-light"

    vocab_size: int = 2
    hidden_size: int = HIDDEN
    pair_buckets: int = BUCKETS
    dropout: float = DROPOUT
    pad_token_id: int | None = 0


class LightPreTrained(PreTrainedModel):  # type: ignore[no-untyped-call] # likewise
    """What both models have in common."""

    config_class = LightConfig
    base_model_prefix = "light"

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Embedding, nn.Linear)):
            nn.init.normal_(module.weight, std=INITIAL)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


class LightModel(LightPreTrained):  # type: ignore[no-untyped-call] # likewise
    """Two tables of embeddings, without a head."""

    def __init__(self, config: LightConfig) -> None:
        super().__init__(config)
        self.tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.pairs = nn.Embedding(config.pair_buckets, config.hidden_size)
        self.post_init()  # type: ignore[no-untyped-call] # likewise

    def get_input_embeddings(self) -> nn.Embedding:
        """Name the table that tokens look up."""
        return self.tokens

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the table."""
        assert isinstance(value, nn.Embedding)  # noqa: S101 - transformers hands back one of our own kind
        self.tokens = value

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> BaseModelOutput:
        """Give (texts, 1, hidden): the mean of all tokens and pairs that are no padding."""
        both = attention_mask[:, 1:] * attention_mask[:, :-1]
        pairs = (input_ids[:, :-1] * PRIME + input_ids[:, 1:]) % self.pairs.num_embeddings
        total = masked_sum(self.tokens(input_ids), attention_mask) + masked_sum(self.pairs(pairs), both)
        count = (attention_mask.sum(1, keepdim=True) + both.sum(1, keepdim=True)).clamp(min=1)
        return BaseModelOutput(last_hidden_state=(total / count).unsqueeze(1))


def masked_sum(vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Add the vectors (texts, tokens, hidden) of each text where the mask is 1."""
    return torch.bmm(mask.unsqueeze(1).to(vectors.dtype), vectors).squeeze(1)


class LightForSequenceClassification(LightPreTrained):  # type: ignore[no-untyped-call] # likewise
    """The baseline with a linear layer on the mean."""

    def __init__(self, config: LightConfig) -> None:
        super().__init__(config)
        self.light = LightModel(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, len(config.id2label or {}))
        self.post_init()  # type: ignore[no-untyped-call] # likewise

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SequenceClassifierOutput:
        """Give logits (texts, labels)."""
        mean = self.light(input_ids, attention_mask).last_hidden_state.squeeze(1)
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(mean)))


AutoConfig.register(LightConfig.model_type, LightConfig, exist_ok=True)
AutoModel.register(LightConfig, LightModel, exist_ok=True)
AutoModelForSequenceClassification.register(LightConfig, LightForSequenceClassification, exist_ok=True)


def write_light(folder: Path, vocabulary: int, seed: int) -> None:
    """Write a model that has learned nothing yet; the seed decides its weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LightModel(LightConfig(vocab_size=vocabulary)).save_pretrained(folder)
