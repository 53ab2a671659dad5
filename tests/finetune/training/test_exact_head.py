"""Scores of classes are not rounded to bf16."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    PreTrainedModel,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from finetune.batching import MemoryRows
from finetune.training.device import choose_device
from finetune.training.evaluation import predict_logits
from finetune.training.exact_head import head_of

SIZE: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "num_labels": 7,
}
ROWS = MemoryRows([[1, 2, 3, 4], [5, 6], [7, 8, 9]])


def logits(model: PreTrainedModel, precision: str) -> torch.Tensor:
    found = predict_logits(model, ROWS, choose_device(-1, precision), 1000)
    return torch.cat([torch.from_numpy(one).reshape(-1, 7) for one in found])


@pytest.mark.parametrize("kind", [BertForSequenceClassification, BertForTokenClassification])
def test_scores_of_a_bf16_model_have_more_bits_than_bf16(kind: type[PreTrainedModel]) -> None:
    torch.manual_seed(0)
    scores = logits(kind(BertConfig(**SIZE)), "bf16")
    assert (scores != scores.bfloat16().float()).float().mean() > 0.9


def test_they_are_near_those_of_fp32() -> None:
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(**SIZE))
    torch.testing.assert_close(logits(model, "bf16"), logits(model, "fp32"), atol=0.02, rtol=0)


def test_the_head_is_found_where_it_has_layers_of_its_own() -> None:
    model = RobertaForSequenceClassification(RobertaConfig(**SIZE))
    assert head_of(model) is model.classifier.out_proj


def test_a_masked_model_has_none() -> None:
    assert head_of(BertForMaskedLM(BertConfig(**SIZE))) is None


def test_no_hook_stays_behind() -> None:
    model = BertForSequenceClassification(BertConfig(**SIZE))
    logits(model, "bf16")
    assert not model.classifier._forward_hooks  # noqa: SLF001 - torch has no other way to ask
