"""Brings the sources of a run together: rows in Arrow, the label set, and which rows make up each split."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from finetune.data.labels import LabelSet, labels_from, read_class_file
from finetune.data.sources import Sources, find_sources
from finetune.data.splits import stratified
from finetune.data.store import Meta, Stored, chunks, default_cache, file_fingerprint, fingerprint, stored
from finetune.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from finetune.data.shape import AnySource, Shape
    from finetune.options import DataOptions

ROWS_VERSION = 1
PROBLEMS_KEPT = 1000


def as_line(text: str | list[str]) -> str:
    """Write a text for people; words of a tagged sentence are put together again."""
    if isinstance(text, str):
        return text
    return ("" if all(len(one) == 1 for one in text) else " ").join(text)


@dataclass(frozen=True)
class Split:
    """Some rows of a stored table: all of a file, or the part of it that the split took."""

    name: str
    rows: Stored
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    def texts(self) -> list[str]:
        """Read the texts; for reports and small data, since all of them go into memory."""
        return [
            as_line(text) for text in self.rows.table.column("text").take(pa.array(self.index)).to_pylist()
        ]

    def at(self, number: int) -> tuple[str, str]:
        """Return place and text of a row: ("train.txt:17", "…")."""
        found = self.rows.table.slice(int(self.index[number]), 1).to_pylist()[0]
        return f"{Path(self.rows.meta['files'][found['file']]).name}:{found['line']}", as_line(found["text"])

    def words(self, number: int) -> list[str]:
        """Return the words of a tagged sentence."""
        found: list[str] = self.rows.table.column("text")[int(self.index[number])].as_py()
        return found


@dataclass(frozen=True)
class Corpus:
    """The splits of a run with their labels, and what was said while reading."""

    splits: dict[str, Split]
    labels: LabelSet
    notes: tuple[str, ...]
    fingerprints: dict[str, str]
    problems: tuple[str, ...]


def read_corpus(options: DataOptions, shape: Shape) -> Corpus:
    """Read and check the files that the options name, each as it is."""
    sources = find_sources(options)
    paths = {"train": sources.train, "validation": sources.validation, "test": sources.test}
    tables = {name: ingest(path, options, shape) for name, path in paths.items() if path is not None}
    labels = find_labels(tables["train"], sources, shape)
    splits = {name: whole(name, rows) for name, rows in tables.items()}
    notes = tuple(table.meta["said"] for table in tables.values())
    problems = tuple(one for table in tables.values() for one in table.meta["problems"])
    prints = {name: table.meta["fingerprint"] for name, table in tables.items()}
    return Corpus(splits, labels, notes, prints, problems)


def load_corpus(options: DataOptions, seed: int, shape: Shape) -> Corpus:
    """Read the data, draw the rows that are wanted, and set validation rows aside where no file has them."""
    corpus = read_corpus(options, shape)
    splits, notes = dict(corpus.splits), list(corpus.notes)
    splits["train"] = sample(splits["train"], options.max_rows, seed)
    if "validation" not in splits:
        splits["train"], splits["validation"] = set_aside(
            splits["train"], options.validation_share, seed, shape
        )
        notes.append(
            f"no validation file: {len(splits['validation'])} training rows set aside, stratified by label"
        )
    return dataclasses.replace(corpus, splits=splits, notes=tuple(notes))


def whole(name: str, rows: Stored) -> Split:
    """Take all rows of a table."""
    return Split(name, rows, np.arange(rows.table.num_rows))


def ingest(path: Path, options: DataOptions, shape: Shape) -> Stored:
    """Read a source into Arrow once; the same contents read the same way are found again."""
    source = shape.open(path, options)
    content = file_fingerprint(source.files)
    how = (
        ROWS_VERSION,
        shape.key,
        source.said,
        options.text_column,
        options.label_column,
        options.skip_bad_rows,
    )
    folder = (options.cache_dir or default_cache()) / f"rows-{fingerprint(content, how)}"
    rows = stored(
        folder, shape.schema, lambda meta: chunks(arrow_rows(source, meta, skip=options.skip_bad_rows))
    )
    rows.meta["fingerprint"] = content
    if rows.table.num_rows == 0:
        raise DataError(
            Problem(path, None, "no row that can be used", "rows with a text and a label", "check the file")
        )
    return rows


def arrow_rows(source: AnySource, meta: Meta, *, skip: bool) -> Iterator[dict[str, object]]:
    """Turn rows into the stored form; the first bad row is an error unless bad rows are to be skipped."""
    numbers = {path: n for n, path in enumerate(source.files)}
    meta.update(said=source.said, files=[str(one) for one in source.files], problems=[], skipped=0)
    for row in source.rows():
        if row.problem is None:
            yield {"text": row.text, "label": row.label, "line": row.line, "file": numbers[row.path]}
        elif skip:
            meta["skipped"] += 1
            meta["problems"] += [str(row.problem)][: PROBLEMS_KEPT - len(meta["problems"])]
        else:
            raise DataError(row.problem)


def find_labels(train: Stored, sources: Sources, shape: Shape) -> LabelSet:
    """Take the class file, else the names that occur in the training rows."""
    if sources.class_file is not None:
        return read_class_file(sources.class_file)
    found: set[str] = set()
    for chunk in train.table.column("label").chunks:
        cells = chunk.unique() if pa.types.is_string(chunk.type) else chunk
        for cell in cells.to_pylist():
            found.update(shape.names(cell))
    return labels_from(found, sources.train, shape.fewest_labels)


def sample(split: Split, max_rows: int | None, seed: int) -> Split:
    """Draw rows without replacement, kept in the order of the file."""
    if max_rows is None or max_rows >= len(split):
        return split
    chosen = np.random.default_rng(seed).choice(len(split), max_rows, replace=False)
    return Split(split.name, split.rows, split.index[np.sort(chosen)])


def set_aside(train: Split, share: float, seed: int, shape: Shape) -> tuple[Split, Split]:
    """Take validation rows out of the training rows."""
    picked = train.rows.table.select(["text", "label"]).take(pa.array(train.index)).to_pylist()
    texts = [as_line(one["text"]) for one in picked]
    labels = [",".join(sorted(set(shape.names(one["label"])))) for one in picked]
    kept, aside = stratified(texts, labels, share, seed)
    return (
        Split("train", train.rows, train.index[kept]),
        Split("validation", train.rows, train.index[aside]),
    )
