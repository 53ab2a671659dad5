"""Reads a source into Arrow once: texts, labels, places, and digests by which equal texts are found."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finetune.data.cells import as_line
from finetune.data.delimited import is_csv_cell
from finetune.data.doubts import quote_notes
from finetune.data.lines import ENCODINGS, undecoded
from finetune.data.skipped import count_none, first_problem, note_problem
from finetune.data.store import Meta, Stored, chunks, default_cache, file_fingerprint, fingerprint, stored
from finetune.data.width import fold
from finetune.errors import ColumnError, DataError, Problem
from finetune.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finetune.data.rows import Row
    from finetune.data.shape import AnySource, Shape
    from finetune.options import DataOptions

ROWS_VERSION = 9


def ingest(path: Path, options: DataOptions, shape: Shape) -> Stored:
    """Read a source; the same contents read the same way are found again.

    Rows that cannot be read are an error unless they are to be skipped.
    """
    source = shape.open(path, options)
    content = file_fingerprint(source.files(), source.root)
    read = fingerprint(ROWS_VERSION, content, shape.key, source.names, source.columns)  # wherever it lies
    folder = (options.cache_dir or default_cache()) / f"rows-{fingerprint(read, source.said)}"
    rows = stored(folder, shape.schema, lambda meta: chunks(arrow_rows(source, meta), shape.schema.names))
    doubts = source.columns.doubts if source.columns else ()
    rows.meta.update(fingerprint=content, key=read, doubts=(*doubts, *quote_notes(rows.meta)))
    if (
        rows.table.num_rows == 0
        and rows.meta["unlabelled"]
        and rows.meta["unlabelled"] == rows.meta["skipped"]
    ):
        raise DataError(without_labels(path, rows.meta["skipped"]))
    if rows.meta["skipped"] and not (options.skip_bad_rows and rows.table.num_rows):
        raise DataError(bad_row(rows.meta, skip=options.skip_bad_rows))
    if rows.table.num_rows == 0:
        raise DataError(
            Problem(path, None, "no row that can be used", "rows with a text and a label", "check the file")
        )
    return rows


def without_labels(path: Path, count: int) -> Problem:
    """Say that a file has texts only, as the test files of contests."""
    found, todo = (
        f"no label in any of {counted(count, 'row', 'rows')}",
        "add the labels, or name another file",
    )
    return Problem(path, None, found, "a label for each text", todo)


def ingest_like(train: Stored, path: Path, options: DataOptions, shape: Shape) -> Stored:
    """Read a further source with the columns of the training rows; without a header it is looked at anew."""
    if train.meta["columns"] is None:
        return ingest(path, options, shape)
    text, label = train.meta["columns"]
    carried = replace(
        options, text_column=options.text_column or text, label_column=options.label_column or label
    )
    try:
        return ingest(path, carried, shape)
    except ColumnError as error:
        if not error.header or all(one is None or one.isdecimal() for one in (text, label)):
            return ingest(path, options, shape)
        todo = "remove the file, or name another with --validation-file or --test-file"
        has = f"the columns {', '.join(error.columns)}"
        wanted = f"those of the training rows: text in '{text}'" + (f", label in '{label}'" if label else "")
        raise DataError(Problem(error.path, 1, has, wanted, todo)) from None


def bad_row(meta: Meta, *, skip: bool) -> Problem:
    """Give the first bad row, and say how many more there are and what can be done with all of them."""
    count = meta["skipped"] - 1
    todo = "" if skip else ": finetune inspect lists them, --skip-bad-rows goes on without them"
    return first_problem(meta, f" ({count:,} more such rows{todo})" if count else "")


def arrow_rows(source: AnySource, meta: Meta) -> Iterator[tuple[Any, ...]]:
    """Turn rows into the stored form, and note what is wrong with the others."""
    start = len(str(source.root / "x")) - 1  # behind the separator; nothing stands before it in "."
    columns = (source.columns.text, source.columns.label) if source.columns else None
    meta.update(said=source.said, root=str(source.root), names=list(source.names), columns=columns)
    meta.update(empty=0, unlabelled=0, full_width=0, in_quotes=0, formats=sorted(source.formats))
    count_none(meta)
    for row in map(readable, source.rows()):
        if row.problem is not None:
            note_problem(meta, row.problem)
            meta["empty"] += row.empty
            meta["unlabelled"] += row.unlabelled
            continue
        line = as_line(row.text)
        folded = fold(line)
        meta["full_width"] += folded is not line
        meta["in_quotes"] += is_csv_cell(line)
        file = "" if row.path is source.root else str(row.path)[start:]
        yield row.text, row.label, row.line, file, digest(folded)


def readable(row: Row) -> Row:
    """Refuse a row with a byte that did not decode, in its text or its label."""
    if row.problem is not None:
        return row
    found = undecoded(as_line(row.text)) or undecoded(as_line(row.label or ""))
    return replace(row, problem=Problem(row.path, row.line, found, *ENCODINGS)) if found else row


def digest(text: str) -> int:
    """Hash a text to 64 bits: among ten million texts two different ones meet in one of 400,000 data sets."""
    found = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(found, "little", signed=True)
