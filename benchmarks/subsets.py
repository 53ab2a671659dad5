"""Cuts CPU-sized subsets out of well-known data sets, each as train, dev and test files that everyone reads.

A layout says where the data set keeps its texts; equal texts are dropped before anything is drawn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

Row = dict[str, object]


@dataclass(frozen=True)
class Layout:
    """How a data set lies on disk: read gives the rows of a split; one that is absent is cut from train."""

    read: Callable[[Path, str], list[Row]]
    has_dev: bool
    has_test: bool


def titles(folder: Path, split: str) -> list[Row]:
    """THUCNews: text, tab, class number a line; names in class.txt."""
    names = (folder / "class.txt").read_text(encoding="utf-8").split()
    lines = (folder / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    cells = [line.rsplit("\t", 1) for line in lines if "\t" in line]
    return [{"text": text, "label": names[int(number)]} for text, number in cells]


def reviews(folder: Path, split: str) -> list[Row]:
    """Product reviews: a file per class, a text a line."""
    del split
    files = sorted(folder.glob("*.csv"))
    texts = [(one.stem, line.strip()) for one in files for line in one.read_text("utf-8-sig").splitlines()]
    return [{"text": text, "label": label} for label, text in texts if text]


def emotions(folder: Path, split: str) -> list[Row]:
    """GoEmotions: text, tab, label numbers, tab, id a line; names in labels.txt."""
    names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    lines = (folder / f"{split}.tsv").read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t")[:2] for line in lines if line.count("\t") == 2]
    return [{"text": text, "label": [names[int(n)] for n in numbers.split(",")]} for text, numbers in cells]


def films(folder: Path, split: str) -> list[Row]:
    """IMDB: a folder per class, a file per text."""
    folders = {name: sorted((folder / split / name).glob("*.txt")) for name in ("neg", "pos")}
    pairs = [(label, one.read_text(encoding="utf-8")) for label, files in folders.items() for one in files]
    return [{"text": " ".join(text.split()), "label": label} for label, text in pairs]


def entities(folder: Path, split: str) -> list[Row]:
    """MSRA: a character and its tag a line, a blank line between sentences."""
    blocks = (folder / f"{split}.txt").read_text(encoding="utf-8").split("\n\n")
    sentences = [[line.split() for line in one.splitlines() if line.strip()] for one in blocks]
    return [{"tokens": [c for c, _ in one], "tags": [t for _, t in one]} for one in sentences if one]


LAYOUTS = {
    "thucnews": Layout(titles, has_dev=True, has_test=True),
    "product-reviews": Layout(reviews, has_dev=False, has_test=False),
    "goemotions": Layout(emotions, has_dev=True, has_test=True),
    "imdb": Layout(films, has_dev=False, has_test=True),
    "msra": Layout(entities, has_dev=False, has_test=True),
}


def write_subset(
    layout: Layout, source: Path, target: Path, sizes: Sequence[int], unlabelled: int = 0
) -> None:
    """Write train.jsonl, dev.jsonl and test.jsonl of these sizes, drawn by a fixed seed.

    domain.txt gets further texts of the training file, without their labels.
    """
    generator = np.random.default_rng(0)
    pool = shuffled(distinct(layout.read(source, "train")), generator)
    parts: dict[str, list[Row]] = {}
    for name, size, own in zip(
        ("test", "dev", "train"), sizes[::-1], (layout.has_test, layout.has_dev, False), strict=True
    ):
        rows = shuffled(distinct(layout.read(source, name)), generator) if own else pool
        parts[name] = rows[:size]
        pool = pool if own else pool[size:]
    seen = {key(row) for name in ("dev", "test") for row in parts[name]}
    parts["train"] = [row for row in parts["train"] if key(row) not in seen]
    further = [str(row["text"]) for row in pool[sizes[0] :] if key(row) not in seen] if unlabelled else []
    target.mkdir(parents=True, exist_ok=True)
    for name, rows in parts.items():
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (target / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    (target / "domain.txt").write_text("\n".join(further[:unlabelled]), encoding="utf-8")


def key(row: Row) -> str:
    """Write a row's text alone."""
    return json.dumps(row.get("text", row.get("tokens")), ensure_ascii=False)


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Drop rows whose text occurred before."""
    return list({key(row): row for row in rows}.values())


def shuffled(rows: list[Row], generator: np.random.Generator) -> list[Row]:
    """Draw all rows in another order."""
    return [rows[int(at)] for at in generator.permutation(len(rows))]
