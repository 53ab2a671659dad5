"""Models as a training leaves them, without the training: the head is drawn by the seed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from finetune.data.tags import bio_tags
from finetune.pretrained import load_model, load_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("体育", "娱乐", "财经")
CRF = "crf.safetensors"
KINDS: dict[str, dict[str, Any]] = {
    "classify": {"task": "classify"},
    "windows": {"task": "classify", "long_texts": "windows"},
    "light": {"task": "classify"},
    "multi-label": {"task": "multi-label", "thresholds": [0.4, 0.5, 0.6]},
    "tag": {"task": "tag", "characters": True, "crf": True},
}


def write_model(folder: Path, encoder: Path, facts: dict[str, Any]) -> Path:
    """Write what a training leaves in model/, its head as it is drawn by the seed."""
    tags = facts["task"] == "tag"
    names = bio_tags(NAMES) if tags else NAMES
    kind = "Token" if tags else "Sequence"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = load_model(
            f"AutoModelFor{kind}Classification", str(encoder), "auto", id2label=dict(enumerate(names))
        )
        with torch.no_grad():
            model.get_parameter("classifier.weight").mul_(40)  # so that answers differ from text to text
        moves = torch.randn(len(names) + 1, len(names)) / 20
    model.save_pretrained(folder)
    load_tokenizer(str(encoder)).save_pretrained(folder)
    if tags:
        save_file({"moves": moves}, folder / CRF)
    facts = {"labels": NAMES, "max_seq_length": 24, "numbered": False, **facts}
    (folder / "finetune.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder
