"""Models as a training leaves them, without the training: the head is drawn by the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

from finetune.data.tags import bio_tags
from finetune.encoders import load_model, load_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("体育", "娱乐", "财经")
HEADS = {
    "classify": "SequenceClassification",
    "multi-label": "SequenceClassification",
    "tag": "TokenClassification",
}
FACTS = {
    "classify": '"numbered": false',
    "multi-label": '"numbered": false, "thresholds": [0.4, 0.5, 0.6]',
    "tag": '"numbered": false, "characters": true, "crf": true',
}


def write_model(folder: Path, encoder: Path, task: str) -> Path:
    """Write what a training leaves in model/, its head as it is drawn by the seed."""
    names = bio_tags(NAMES) if task == "tag" else NAMES
    kind = "Token" if task == "tag" else "Sequence"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = load_model(
            f"AutoModelFor{kind}Classification", str(encoder), "auto", id2label=dict(enumerate(names))
        )
        with torch.no_grad():
            model.classifier.weight.mul_(40)  # so that answers differ from text to text
        moves = torch.randn(len(names) + 1, len(names)) / 20
    model.save_pretrained(folder)
    load_tokenizer(str(encoder)).save_pretrained(folder)
    if task == "tag":
        save_file({"moves": moves}, folder / "crf.safetensors")
    labels = ", ".join(f'"{name}"' for name in NAMES)
    facts = f'{{"task": "{task}", "labels": [{labels}], "max_seq_length": 24, {FACTS[task]}}}'
    (folder / "finetune.json").write_text(facts, encoding="utf-8")
    return folder
