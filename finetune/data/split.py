"""A split: some rows of a stored table, read a batch at a time or looked up one by one."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from finetune.data.cells import as_line
from finetune.data.numbers import gathered, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from finetune.data.labels import LabelSet
    from finetune.data.numbers import Index
    from finetune.data.shape import Shape
    from finetune.data.store import Stored


@dataclass(frozen=True)
class Split:
    """Some rows of a stored table, in its order: all of a file, or the part of it that the split took."""

    name: str
    rows: Stored
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    def batches(self, *columns: str) -> Iterator[pa.RecordBatch]:
        """Read these columns of the split's rows, some thousands at a time."""
        start = 0
        for batch in self.rows.batches():
            first, last = np.searchsorted(self.index, [start, start + batch.num_rows])
            if last > first:
                own = pa.array(self.index[first:last] - start)
                yield batch.select(list(columns or batch.schema.names)).take(own)
            start += batch.num_rows

    @property
    def chosen(self) -> str:
        """Hash which rows of the table these are."""
        return hashlib.blake2b(self.index.data, digest_size=16).hexdigest()

    def part(self, name: str, rows: NDArray[np.int64]) -> Split:
        """Take some of the rows, by their numbers in this split."""
        chosen = (self.index[rows[piece]] for piece in pieces(len(rows)))
        return Split(name, self.rows, gathered(chosen, len(rows), self.rows.folder))

    def digests(self) -> NDArray[np.int64]:
        """Give a number for each text, the same for equal texts."""
        found = (batch.column("digest").to_numpy() for batch in self.batches("digest"))
        return gathered(found, len(self), self.rows.folder)

    def label_codes(self, shape: Shape) -> tuple[NDArray[np.int64], list[tuple[str, ...]]]:
        """Number the sets of labels that occur: the number of each row, and the sets, (anger, joy) one."""
        known: dict[tuple[str, ...], int] = {}
        found = (codes_of(batch.column("label"), shape, known) for batch in self.batches("label"))
        codes = gathered(found, len(self), self.rows.folder)
        cells = sorted(known)
        places = np.zeros(len(known), np.int64)
        places[[known[cell] for cell in cells]] = np.arange(len(cells))
        for piece in pieces(len(codes)):
            codes[piece] = places[codes[piece]]
        return codes, cells

    def label_counts(self) -> Counter[str]:
        """Count the label cells as they stand, where a label is one cell of text."""
        counts: Counter[str] = Counter()
        for batch in self.batches("label"):
            for one in batch.column("label").value_counts().to_pylist():
                counts[one["values"]] += one["counts"]
        return counts

    def cells(self, column: str) -> Iterator[Any]:
        """Read a column of the split's rows; memory does not grow with them."""
        for batch in self.batches(column):
            yield from batch.column(column).to_pylist()

    def texts(self) -> Iterator[str]:
        """Read the texts, sentences of words with spaces between them."""
        return map(as_line, self.cells("text"))

    def at(self, number: int) -> tuple[str, str]:
        """Return place and text of a row: ("train.txt:17", "…")."""
        found = self.rows.table.slice(int(self.index[number]), 1).to_pylist()[0]
        return f"{self.place(found['file']).name}:{found['line']}", as_line(found["text"])

    def words(self, number: int) -> list[str]:
        """Return the words of a tagged sentence."""
        found: list[str] = self.rows.table.column("text")[int(self.index[number])].as_py()
        return found

    def place(self, file: str) -> Path:
        """Find the file of a row: the source itself where it is one file."""
        return Path(self.rows.meta["root"], file)


def label_totals(codes: Index, cells: Sequence[tuple[str, ...]], labels: LabelSet) -> Counter[str]:
    """Count the rows that have each label, from their label_codes."""
    counts: Counter[str] = Counter()
    for cell, count in zip(cells, np.bincount(codes, minlength=len(cells)).tolist(), strict=True):
        counts.update(dict.fromkeys(sorted({labels.meaning(one) for one in cell}), count))
    return counts


def codes_of(column: pa.Array, shape: Shape, known: dict[tuple[str, ...], int]) -> NDArray[np.int64]:
    """Number the labels of a batch, new ones by the next numbers; a cell is looked at once a batch."""
    if pa.types.is_list(column.type):
        return np.array([known.setdefault(shape.held(one), len(known)) for one in column.to_pylist()])
    batch = column.dictionary_encode()
    codes = [known.setdefault(shape.held(one), len(known)) for one in batch.dictionary.to_pylist()]
    numbers: NDArray[np.int64] = np.array(codes)[batch.indices.to_numpy()]
    return numbers


def whole(name: str, rows: Stored) -> Split:
    """Take all rows of a table."""
    count = rows.table.num_rows
    numbers = (np.arange(piece.start, piece.stop) for piece in pieces(count))
    return Split(name, rows, gathered(numbers, count, rows.folder))
