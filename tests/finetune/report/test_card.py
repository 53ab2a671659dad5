"""The card beside the weights."""

from __future__ import annotations

from typing import Any

import pytest

from finetune.report.card import model_card


def config(encoder: str, *labels: str) -> dict[str, Any]:
    data = {"fingerprints": {"train": "1"}, "labels": list(labels)}
    settings = {"model": {"model_name_or_path": encoder}}
    return {"task": "classify", "pipeline_tag": "text-classification", "settings": settings, "data": data}


def test_labels_stand_as_they_are_named() -> None:
    assert "Labels: \\*a\\*, b\\|c." in model_card(config("x", "*a*", "b|c"), {"test": {"f1": 0.5}})


@pytest.mark.parametrize(("encoder", "ours"), [("light", True), ("bert-base-chinese", False)])
def test_only_a_model_of_our_own_kind_wants_our_import(encoder: str, ours: bool) -> None:  # noqa: FBT001 - a case
    card = model_card(config(encoder, "a"), {"test": {"f1": 0.5}})
    assert ("import finetune.light" in card) is ours
    assert ("It loads with plain transformers as well" in card) is not ours


def test_a_pretrained_encoder_has_masks_to_fill_and_no_labels() -> None:
    card = model_card({**config("bert-base-chinese"), "task": "pretrain"}, {"test": {"perplexity": 5.0}})
    assert 'print(Predictor("path/to/this/folder")("…[MASK]…"))' in card
    assert "It loads with plain transformers as well.\n" in card
    assert "label names" not in card
