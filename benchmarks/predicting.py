"""Labelling a file: `finetune predict` beside a loop over the tutorials' predict(text), taking turns.

    python benchmarks/predicting.py --model runs/news --file titles.txt
    python benchmarks/predicting.py --model runs/news --file titles.txt --device cuda

The tutorials pad each text to 128 tokens; a loop that does not is measured too. All three answer the same
texts in the same order, which is checked.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from record import device_name, facts
from serving_contenders import read_texts
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from finetune.predict import Predictor
from finetune.tasks.registry import model_folder
from finetune.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5


def tutorial(folder: Path, device: str, padding: str) -> Callable[[list[str]], list[str]]:
    """Label a text at a time, as the tutorials do."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval().to(device)

    def predict(text: str) -> str:
        inputs = tokenizer(text, return_tensors="pt", truncation=True, padding=padding, max_length=128)
        with torch.no_grad():
            logits = model(**inputs.to(device)).logits
        label: str = model.config.id2label[int(torch.softmax(logits, dim=-1)[0].argmax())]
        return label

    return lambda texts: [predict(text) for text in texts]


def ours(folder: Path, device: str) -> Callable[[list[str]], list[str]]:
    """Label them as `finetune predict --file` does."""
    predictor = Predictor(folder, 0 if device == "cuda" else -1)
    return lambda texts: [str(one["label"]) for one in predictor.answers(texts)]


def main() -> None:
    """Take turns on pieces of the file; print and write the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="run or model folder of a classifier")
    parser.add_argument("--file", type=Path, required=True, help="file with texts")
    parser.add_argument("--rows", type=int, default=1000, help="texts, drawn by a seed")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    given = parser.parse_args()
    folder = model_folder(given.model)
    device, texts = device_name(given.device), read_texts(given.file, given.rows, seed=0)
    ways = {
        "tutorial, padded to 128": tutorial(folder, given.device, "max_length"),
        "tutorial, not padded": tutorial(folder, given.device, "longest"),
        "finetune predict --file": ours(folder, given.device),
    }
    seconds: dict[str, float] = dict.fromkeys(ways, 0.0)
    labels: dict[str, list[str]] = {name: [] for name in ways}
    for way in ways.values():
        way(texts[:8])
    for piece in np.array_split(np.arange(len(texts)), ROUNDS):
        some = [texts[at] for at in piece]
        for name, way in ways.items():
            began = time.perf_counter()
            labels[name] += way(some)
            seconds[name] += time.perf_counter() - began
    expected = labels["tutorial, not padded"]
    rows: list[dict[str, Any]] = [
        {
            "contender": name,
            "rows_per_second": round(len(texts) / taken, 1),
            "same_labels": round(
                float(np.mean([a == b for a, b in zip(labels[name], expected, strict=True)])), 4
            ),
        }
        for name, taken in seconds.items()
    ]
    for row in rows:
        print(row, flush=True)
    if given.output:
        write_json(given.output, {**facts("predicting", device), "texts": len(texts), "rows": rows})


if __name__ == "__main__":
    main()
