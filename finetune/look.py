"""Looks at a data set before anything is trained: rows, classes, lengths, duplicates, conflicts, leaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from finetune.data.corpus import Corpus, Split
    from finetune.data.labels import LabelSet

SHOWN = 5


@dataclass(frozen=True)
class Seen:
    """What was found in one split."""

    name: str
    rows: int
    labels: dict[str, int]
    duplicates: int
    conflicts: list[tuple[str, tuple[str, ...]]]
    skipped: int


def look_at(split: Split, known: LabelSet) -> Seen:
    """Count labels and equal texts; the same text with different labels is a conflict."""
    cells = split.rows.table.column("label").to_pylist()
    labels = [label_key(cells[row], known) for row in split.index]
    by_text: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in zip(split.texts(), labels, strict=True):
        by_text[text][label] += 1
    conflicts = [(text, tuple(found)) for text, found in by_text.items() if len(found) > 1]
    counts = Counter(labels)
    ordered = {name: counts.pop(name) for name in known.names if name in counts} | dict(counts.most_common())
    skipped = int(split.rows.meta["skipped"])
    return Seen(split.name, len(split), ordered, len(labels) - len(by_text), conflicts, skipped)


def label_key(cell: Any, known: LabelSet) -> str:  # noqa: ANN401 - a stored label
    """Write a stored label as one word: a class number by its name, tags as they stand."""
    if not isinstance(cell, str):
        return " ".join(cell)
    return known.names[known.ids[cell]] if cell in known.ids else cell


def leaks(corpus: Corpus) -> dict[str, list[str]]:
    """Find the texts that stand in two splits, by the pair's names."""
    texts = {name: set(split.texts()) for name, split in corpus.splits.items()}
    names = list(texts)
    pairs = [(one, two) for at, one in enumerate(names) for two in names[at + 1 :]]
    return {f"{one} and {two}": sorted(texts[one] & texts[two]) for one, two in pairs}


def percentiles(lengths: NDArray[np.int64]) -> dict[str, float]:
    """Describe lengths in tokens."""
    values = np.percentile(lengths, [50, 90, 99, 100])
    return {
        "mean": float(lengths.mean()),
        **dict(zip(("median", "90%", "99%", "longest"), map(float, values), strict=True)),
    }


def cut_shares(
    lengths: NDArray[np.int64], limits: Iterable[int] = (32, 64, 128, 256, 512)
) -> dict[int, float]:
    """Tell what share of the texts each limit would cut."""
    return {limit: float((lengths > limit).mean()) for limit in limits}
