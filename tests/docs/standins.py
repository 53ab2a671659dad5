"""Small data and models under the names that the documentation uses, so that its commands can be run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

from finetune.cli import main
from finetune.commands.training import YAML_HELP
from finetune.demo import mixed, titles, write_encoder, write_news
from finetune.samples.emotions import write_emotions
from finetune.samples.entities import write_entities
from finetune.samples.products import write_products
from finetune.samples.reviews import write_reviews

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("--max-steps", "2", "--max-rows", "64", "--gpu-id", "-1", "--overwrite")


def write_class_files(folder: Path) -> Path:
    """Write a file per class, a title a line."""
    folder.mkdir(parents=True)
    for name in sorted({label for _, label in titles()}):
        texts = [text for text, label in titles() if label == name]
        (folder / f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return folder


def write_long_reviews(folder: Path) -> Path:
    """Write reviews as IMDB's layout has them."""
    return write_reviews(folder)


def write_moods(folder: Path) -> Path:
    """Write short reviews in tables."""
    return write_reviews(folder, long=False)


FOLDERS = {
    "aclImdb": write_long_reviews,
    "sentiment": write_moods,
    "domain": write_news,
    "news": write_news,
    "thucnews": write_news,
    "thucnews14": write_class_files,
    "product_reviews": write_products,
    "goemotions": write_emotions,
    "emotions": write_emotions,
    "msra_ner": write_entities,
    "msra": write_entities,
}


def furnish(place: Path) -> None:
    """Lay out data/raw, files in the current folder, an encoder, and finished runs."""
    for name, write in FOLDERS.items():
        write(place / "data" / "raw" / name)
    (place / "thucnews").symlink_to(place / "data" / "raw" / "thucnews")
    encoder = write_encoder(place / "encoder", [text for text, _ in titles()], longest=512)
    files(place)
    pickled = shutil.copytree(encoder, place / "models" / "chinese-roberta")
    torch.save(load_file(pickled / "model.safetensors"), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    train = ["classify", "--data", "data/raw/news", "--encoder", str(encoder), *QUICK]
    assert main([*train, "--output-dir", "runs/news", "--save-path", "models/final/news"]) == 0
    pretrain = ["pretrain", "--data", "texts.txt", "--encoder", str(encoder), *QUICK]
    assert main([*pretrain, "--output-dir", "runs/domain", "--save-path", "models/final/domain"]) == 0
    for other in ("news-lr1e-4", "news-more-epochs"):
        shutil.copytree(place / "runs" / "news", place / "runs" / other)


def files(place: Path) -> None:
    """Write the files that the examples name without a folder."""
    rows = list(mixed(1))[:80]
    later = [f"{text},{label}\n" for text, label in rows]
    (place / "data" / "raw" / "later.csv").write_text("text,label\n" + "".join(later), encoding="utf-8")
    numbered = [f"{text},{len(text) % 2 + 1}\n" for text, _ in rows]
    for name in ("reviews.csv", "data/raw/reviews.csv"):
        (place / name).write_text("review,stars\n" + "".join(numbered), encoding="utf-8")
    table = "title\n" + "".join(f"{text}\n" for text, _ in rows)
    (place / "data" / "raw" / "titles.csv").write_text(table, encoding="utf-8")
    for name in ("titles.txt", "texts.txt", "data/raw/titles.txt", "data/raw/texts.txt"):
        (place / name).write_text("".join(f"{text}\n" for text, _ in rows), encoding="utf-8")
    settings = [line.strip() for line in YAML_HELP.splitlines() if line.startswith("  ")]
    (place / "news.yaml").write_text("\n".join(settings) + "\n", encoding="utf-8")
    for split in ("train", "dev"):
        shutil.copy(place / "data" / "raw" / "msra" / f"{split}.txt", place / f"{split}.conll")
