"""Learning rates, decay and freezing."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
)

import finetune.light  # noqa: F401 - makes the light model known to transformers
from finetune.errors import RequestError
from finetune.options import TrainingOptions
from finetune.training.optimiser import factor, freeze, parameter_groups


@pytest.fixture
def model() -> BertForSequenceClassification:
    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=8
    )
    return BertForSequenceClassification(config)


def test_cosine_falls_slowly_then_fast_then_slowly() -> None:
    found = [factor(step, 100, 0, "cosine") for step in (0, 25, 50, 75, 100)]
    assert found == pytest.approx([1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0])


@pytest.mark.parametrize("warmup", [0.1, 10])
def test_the_warm_up_is_a_share_or_a_number_of_steps(warmup: float) -> None:
    assert factor(0, 100, warmup, "linear") == pytest.approx(1 / 11)
    assert factor(10, 100, warmup, "constant") == 1


def test_each_layer_learns_slower_than_the_one_above(model: BertForSequenceClassification) -> None:
    groups = parameter_groups(model, TrainingOptions(learning_rate=1.0, layerwise_lr_decay=0.5))
    rates = {id(one): group["lr"] for group in groups for one in group["params"]}  # type: ignore[attr-defined]
    layers = [f"bert.encoder.layer.{number}.output.dense.weight" for number in (2, 1, 0)]
    names = ["classifier.weight", *layers, "bert.embeddings.word_embeddings.weight"]
    assert [rates[id(model.get_parameter(name))] for name in names] == [
        1, 0.5, 0.25, 0.125, 0.0625,
    ]  # fmt: skip


def test_only_matrices_decay(model: BertForSequenceClassification) -> None:
    for group in parameter_groups(model, TrainingOptions(weight_decay=0.1)):
        assert all((one.ndim > 1) == (group["weight_decay"] == 0.1) for one in group["params"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("what", "layers"), [("embeddings", []), (1, [0]), (3, [0, 1, 2]), ("encoder", [0, 1, 2])]
)
def test_what_is_frozen_is_named_and_not_trained(
    model: BertForSequenceClassification, what: int | Literal["embeddings", "encoder"], layers: list[int]
) -> None:
    said = freeze(model, what)
    learns = {name: one.requires_grad for name, one in model.named_parameters()}
    frozen = [n for n in range(3) if not learns[f"bert.encoder.layer.{n}.output.dense.weight"]]
    assert frozen == layers
    assert not learns["bert.embeddings.word_embeddings.weight"]
    assert learns["classifier.weight"]
    assert f"{len(layers)} of 3 layers" in said


def test_more_layers_than_there_are_cannot_be_frozen(model: BertForSequenceClassification) -> None:
    with pytest.raises(RequestError, match="the encoder has 3 layers; accepted: 1 to 3"):
        freeze(model, 4)


def test_nothing_is_frozen_unless_asked(model: BertForSequenceClassification) -> None:
    assert freeze(model, None) == ""
    assert all(one.requires_grad for one in model.parameters())


def test_an_encoder_without_layers_has_none_to_freeze() -> None:
    with pytest.raises(RequestError, match="has 0 layers; accepted: embeddings, encoder"):
        freeze(torch.nn.ModuleDict({"embeddings": torch.nn.Embedding(2, 2)}), 1)


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("albert", {"hidden_size": 8, "embedding_size": 8, "num_attention_heads": 2, "intermediate_size": 8}),
        ("funnel", {"d_model": 8, "n_head": 2, "d_head": 4, "d_inner": 8, "block_sizes": [1, 1]}),
        ("distilbert", {"dim": 8, "n_heads": 2, "hidden_dim": 8}),
        ("finetune-light", {"hidden_size": 8}),
    ],
)
def test_a_frozen_encoder_learns_nothing_whatever_its_layers_are_called(
    kind: str, sizes: dict[str, Any]
) -> None:
    config = AutoConfig.for_model(kind, vocab_size=20, num_labels=2, **sizes)
    model: Any = AutoModelForSequenceClassification.from_config(config)  # type: ignore[no-untyped-call]
    assert freeze(model, "encoder")
    learns = [name for name, one in model.base_model.named_parameters() if one.requires_grad]
    assert all("pooler" in name for name in learns)
    assert any(one.requires_grad for one in model.parameters())
