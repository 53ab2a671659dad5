"""Tokenises a split once and keeps the result; no padding is stored, and labels are checked on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from finetune.data.numbers import gathered
from finetune.data.rows import Row, in_entry
from finetune.data.skipped import count_none, first_problem, note_problem
from finetune.data.store import Meta, Ragged, Stored, fingerprint, stored
from finetune.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from finetune.data.pieces import Read
    from finetune.data.split import Split

TOKENS_VERSION = 2


@dataclass(frozen=True)
class RowEncoding:
    """How a task turns rows into numbers; key names everything that decides the result."""

    key: str
    label_type: pa.DataType
    label: Callable[[Row], Any]
    encode: Read
    skip_bad_rows: bool = False


@dataclass(frozen=True)
class Encoded:
    """A tokenised split: ids without padding, lengths, labels, and the row of the split each came from."""

    split: Split
    stored: Stored
    input_ids: Ragged
    lengths: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def labels(self) -> pa.ChunkedArray:
        """Labels as the task encoded them."""
        return self.stored.table.column("labels")

    @cached_property
    def label_lists(self) -> Ragged:
        """The labels of each row, where the task has several."""
        return Ragged(self.labels)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """One label number per row, where the task has one."""
        return flat(self.labels, self.split)

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """What each row counts so that a text counts once, however many rows it has; 1 on average."""
        counts = np.bincount(self.rows)
        texts = np.count_nonzero(counts)
        return (len(self) / texts / counts[self.rows]).astype(np.float32)

    @property
    def texts(self) -> int:
        """How many texts there are, of which each may have several rows, one behind the other."""
        return int((self.rows[1:] != self.rows[:-1]).sum()) + min(1, len(self))

    @property
    def truncated(self) -> float:
        """Share of the texts that were cut."""
        return float(self.stored.meta["truncated"]) / max(1, len(self.split))


def tokenizer_key(tokenizer: PreTrainedTokenizerBase) -> str:
    """Hash what decides the tokens: the whole tokenizer where it is a fast one, else its vocabulary."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return fingerprint(backend.to_str() if backend is not None else tokenizer.get_vocab())


def encode_split(split: Split, encoding: RowEncoding, cache: Path) -> Encoded:
    """Tokenise the split, or find it tokenised."""
    fields = [("input_ids", pa.list_(pa.int32())), ("labels", encoding.label_type), ("row", pa.int64())]
    key = (TOKENS_VERSION, encoding.key, encoding.skip_bad_rows, split.rows.meta["key"], split.chosen)
    folder = cache / f"tokens-{fingerprint(*key)}"
    made = stored(folder, pa.schema(fields), lambda meta: encoded_chunks(split, encoding, meta))
    ids = made.table.column("input_ids")
    lengths = gathered((np.diff(one.offsets.to_numpy()) for one in ids.chunks), len(ids), split.rows.folder)
    return Encoded(split, made, Ragged(ids), lengths, flat(made.table.column("row"), split))


def flat(column: pa.ChunkedArray, split: Split) -> NDArray[np.int64]:
    """Put the chunks of a column of numbers side by side."""
    return gathered((one.to_numpy() for one in column.chunks), len(column), split.rows.folder)


def encoded_chunks(split: Split, encoding: RowEncoding, meta: Meta) -> Iterator[dict[str, list[Any]]]:
    """Stream the split through the task's encoding."""
    meta.update(truncated=0)
    count_none(meta)
    start = made = 0
    for batch in split.batches():
        texts, labels, kept = [], [], []
        for number, row in enumerate(read_rows(split, batch), start):
            label = encoding.label(row)
            if isinstance(label, Problem) and "array" in split.rows.meta["formats"]:
                label = in_entry(label)
            if not isinstance(label, Problem):
                texts.append(row.text)
                labels.append(label)
                kept.append(number)
            elif encoding.skip_bad_rows:
                note_problem(meta, label)
            else:
                raise DataError(label)
        start += batch.num_rows
        chunk = encoding.encode(texts, labels)
        meta["truncated"] += chunk.truncated
        rows = [kept[one] for one in chunk.rows]
        made += len(rows)
        yield {"input_ids": chunk.input_ids, "labels": chunk.labels, "row": rows}
    if not made:
        raise DataError(nothing(split, meta))


def nothing(split: Split, meta: Meta) -> Problem:
    """Say why no row of a split came through."""
    if meta["skipped"]:
        return first_problem(meta, f"; none of its {len(split):,} rows can be used")
    found = f"no token in any of {len(split):,} texts"
    return Problem(split.place(""), None, found, "texts with letters or digits", "check the file")


def read_rows(split: Split, batch: pa.RecordBatch) -> Iterator[Row]:
    """Read a batch of a split back from Arrow."""
    root = split.place("")
    columns = [batch.column(name).to_pylist() for name in ("file", "line", "text", "label")]
    for file, line, text, label in zip(*columns, strict=True):
        yield Row(root / file if file else root, line, text, label)
