"""Looks at a data set before anything is trained: rows, classes, lengths, duplicates, conflicts, leaks.

It reads the stored rows a batch at a time; it holds some numbers for each row, and the texts it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from finetune.data.doubts import numbered
from finetune.data.numbers import different, disputed, shared
from finetune.data.pieces import frame_of, plain_ids
from finetune.data.split import label_totals
from finetune.data.windowed import keep_spaces, pieces_of_words
from finetune.data.words import by_characters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from finetune.data.corpus import Corpus
    from finetune.data.labels import LabelSet
    from finetune.data.shape import Shape
    from finetune.data.split import Split

    Measure = Callable[[Sequence[Any]], Iterable[int]]

TEXTS_KEPT = 100
LIMITS = (32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Examples:
    """How many texts were found, and the first of them."""

    count: int
    texts: list[str]


@dataclass(frozen=True)
class Seen:
    """What was found in one split; labels counts the rows that have each label."""

    name: str
    rows: int
    labels: dict[str, int]
    without_label: int
    unknown_labels: dict[str, str]
    duplicates: int
    conflicts: Examples
    empty: int
    bad_rows: int
    full_width: int


def look_at(split: Split, known: LabelSet, shape: Shape) -> Seen:
    """Count labels and equal texts; the same text with different labels is a conflict."""
    codes, cells = split.label_codes(shape)
    digests = split.digests()
    named = [tuple(sorted({known.meaning(one) for one in cell})) for cell in cells]
    counts = label_totals(codes, cells, known)
    meta = split.rows.meta
    return Seen(
        split.name,
        len(split),
        {name: counts[name] for name in dict.fromkeys((*known.names, *counts)) if counts[name]},
        int((codes == cells.index(())).sum()) if () in cells else 0,
        unknown_labels(split, codes, cells, known),
        len(digests) - different(digests),
        conflicts(split, digests, codes, named),
        meta["empty"],
        meta["skipped"],
        meta["full_width"],
    )


def unknown_labels(
    split: Split, codes: NDArray[np.int64], cells: list[tuple[str, ...]], known: LabelSet
) -> dict[str, str]:
    """Find the labels that training does not know, each with the place where it stands first."""
    strange = {name: code for code, cell in enumerate(cells) for name in cell if name not in known.ids}
    return {name: split.at(int(np.argmax(codes == code)))[0] for name, code in strange.items()}


def conflicts(
    split: Split, digests: NDArray[np.int64], codes: NDArray[np.int64], named: list[tuple[str, ...]]
) -> Examples:
    """Find equal texts with different labels: "the text: one label / another"."""
    found = disputed(digests, codes, numbered(named))
    texts = []
    for one in found[:TEXTS_KEPT]:
        rows = np.flatnonzero(digests == one)
        labels = [",".join(named[codes[row]]) or "no label" for row in rows]
        texts.append(f"{split.at(int(rows[0]))[1]}: {' / '.join(dict.fromkeys(labels))}")
    return Examples(len(found), texts)


def leaks(corpus: Corpus) -> dict[str, Examples]:
    """Find the texts that stand in two splits, by the pair's names."""
    digests = {name: split.digests() for name, split in corpus.splits.items()}
    out = {}
    for one, other in combinations(digests, 2):
        found = shared(digests[one], digests[other])
        rows = np.flatnonzero(np.isin(digests[other], found[:TEXTS_KEPT]))
        texts = dict.fromkeys(corpus.splits[other].at(int(row))[1] for row in rows)
        out[f"{one} and {other}"] = Examples(len(found), list(texts))
    return out


def measure_with(tokenizer: PreTrainedTokenizerBase | None) -> Measure:
    """Make the function that measures texts: in tokens with the special ones, else in characters."""

    def characters(texts: Sequence[Any]) -> Iterable[int]:
        return (sum(map(len, text)) for text in texts)

    if tokenizer is None:
        return characters
    frame = frame_of(tokenizer).size

    def tokens(texts: Sequence[Any]) -> Iterable[int]:
        if isinstance(texts[0], str):
            return (len(ids) + frame for ids in plain_ids(tokenizer, list(texts)))
        if not by_characters(texts):
            keep_spaces(tokenizer)  # as training does
        return (sum(map(len, words)) + frame for words in pieces_of_words(tokenizer, texts))

    return tokens


def lengths_of(split: Split, measure: Measure) -> NDArray[np.int32]:
    """Measure every text of a split."""
    batches = (batch.column("text").to_pylist() for batch in split.batches("text"))
    return np.concatenate([np.fromiter(measure(texts), np.int32) for texts in batches])


def percentiles(lengths: NDArray[np.int32]) -> dict[str, float]:
    """Describe lengths in tokens."""
    values = np.percentile(lengths, [50, 90, 99, 100])
    return {
        "mean": float(lengths.mean()),
        **dict(zip(("median", "90%", "99%", "longest"), map(float, values), strict=True)),
    }


def cut_shares(lengths: NDArray[np.int32], limit: int) -> dict[int, float]:
    """Tell what share of the texts this limit and the usual ones would cut."""
    return {one: float((lengths > one).mean()) for one in sorted({*LIMITS, limit})}
