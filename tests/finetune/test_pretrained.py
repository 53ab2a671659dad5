"""Loading what an encoder's folder holds: what is damaged or does not fit is refused with its reason."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import torch
from transformers import AutoConfig, AutoModel

from finetune.errors import EncoderError
from finetune.pretrained import load_model, load_tokenizer, sees_padding, set_padding

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_without_the_tokenizers_files_is_refused(encoder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer_config.json"):
        shutil.copy(encoder / name, tmp_path)
    with pytest.raises(EncoderError, match=r"no vocabulary in it; copy tokenizer\.json"):
        load_tokenizer(str(tmp_path))


@pytest.mark.parametrize("contents", [b"version https://git-lfs.github.com/spec/v1\n", b"", b"\xff" * 99])
def test_weights_that_are_damaged_are_refused(copied: Path, contents: bytes) -> None:
    (copied / "model.safetensors").write_bytes(contents)
    with pytest.raises(EncoderError, match=r"copied: the model cannot be loaded .*git lfs pull"):
        load_model("AutoModelForMaskedLM", str(copied), "auto")


def test_a_model_with_the_head_of_another_job_says_so(copied: Path, encoder: Path) -> None:
    tagger = load_model("AutoModelForTokenClassification", str(encoder), "auto", id2label={0: "O", 1: "B-X"})
    tagger.save_pretrained(copied)
    names = {0: "bad", 1: "good", 2: "new"}
    with pytest.raises(EncoderError, match=r"trained for 2 labels \('O, B-X'\), and here are 3 \('bad, good"):
        load_model("AutoModelForSequenceClassification", str(copied), "auto", id2label=names)


def test_weights_of_another_size_than_the_configuration_are_refused(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "vocab_size": config["vocab_size"] + 1}))
    with pytest.raises(EncoderError, match=r"copied: its weights do not fit its config.json"):
        load_model("AutoModelForMaskedLM", str(copied), "auto")


@pytest.mark.parametrize("contents", ["<html>", "{}", "[]"])
def test_a_tokenizer_that_is_none_is_refused(copied: Path, contents: str) -> None:
    (copied / "tokenizer.json").write_text(contents)
    with pytest.raises(EncoderError, match=r"copied: its tokenizer cannot be loaded"):
        load_tokenizer(str(copied))


def test_a_model_without_padding_takes_the_tokenizer_s(encoder: Path) -> None:
    model, tokenizer = load_model("AutoModel", str(encoder), "auto"), load_tokenizer(str(encoder))
    model.config.pad_token_id = None
    set_padding(model, tokenizer)
    assert model.config.pad_token_id == tokenizer.pad_token_id


def test_a_tokenizer_without_padding_is_refused(encoder: Path) -> None:
    model, tokenizer = load_model("AutoModel", str(encoder), "auto"), load_tokenizer(str(encoder))
    model.config.pad_token_id = tokenizer.pad_token = None
    with pytest.raises(EncoderError, match="tokenizer has no padding token"):
        set_padding(model, tokenizer)


@pytest.mark.parametrize(
    "kind", ["bert", "electra", "roberta", "convbert", "fnet", "mobilebert", "nystromformer"]
)
def test_encoders_that_see_padding_are_named(kind: str) -> None:
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 32}
    config = AutoConfig.for_model(kind, vocab_size=99, max_position_embeddings=99, pad_token_id=0, **small)
    with torch.random.fork_rng():
        model = AutoModel.from_config(config).eval()  # type: ignore[no-untyped-call] # transformers' own
        for one in model.parameters():
            one.data += torch.randn_like(one) / 5
    ids = torch.tensor([[2, 11, 12, 13, 3] + [0] * 30])
    with torch.inference_mode():
        alone, beside = (model(one, attention_mask=(one > 0).long())[0][0, :5] for one in (ids[:, :5], ids))
    assert torch.allclose(alone, beside, atol=1e-4) == (sees_padding(model) == "")
