"""Yields the labelled texts of one source (a table, class folders, a file per class), each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetune.data.columns import Columns, find_columns, header_test
from finetune.data.lines import open_text
from finetune.data.records import Record, Table, find_format, open_table
from finetune.errors import DataError, Problem, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One text, its label as written, and their place; a problem stands in for a row that cannot be read.

    A tagged sentence has a list of words for its text and a list of tags for its label.
    """

    path: Path
    line: int
    text: Any = ""
    label: Any = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Source:
    """A source that was looked at: what was detected, and its rows on demand."""

    said: str
    files: tuple[Path, ...]
    tables: tuple[tuple[Table, Columns, str | None], ...] = ()
    texts: tuple[tuple[Path, str], ...] = ()
    blank_labels: bool = False

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not blank, in the order of the files."""
        for table, columns, label in self.tables:
            yield from (self.row(record, table, columns, label) for record in table.records())
        for path, label in self.texts:
            yield whole_file(path, label)

    def row(self, record: Record, table: Table, columns: Columns, label: str | None) -> Row:
        """Make a row of a record; where labels may be blank, a blank one stands."""
        if (
            label is None
            and self.blank_labels
            and columns.label
            and not as_label(record.values.get(columns.label))
        ):
            label = ""
        return to_row(table.path, record, columns, label)


def open_source(
    path: Path, text: str | None, label: str | None, *, labelled: bool = True, blank_labels: bool = False
) -> Source:
    """Look at a file or folder and say how it will be read."""
    if path.is_dir():
        return open_folder(path, text)
    table = open_table(path, header_test(text, label))
    columns = find_columns(table, text, label, labelled=labelled)
    said = f"{path}: {table.said}, text in column '{columns.text}', label in column '{columns.label}'"
    return Source(said, (path,), tables=((table, columns, None),), blank_labels=blank_labels)


def open_folder(path: Path, text: str | None) -> Source:
    """Read class folders (a file is a text) or a file per class (a line is a text)."""
    entries = [one for one in sorted(path.iterdir()) if not one.name.startswith((".", "_"))]
    folders = [one for one in entries if one.is_dir() and one.name != "unsup"]
    if folders:
        texts = tuple(
            (file, one.name) for one in folders for file in sorted(one.rglob("*")) if file.is_file()
        )
        return Source(
            f"{path}: a folder per class, {len(texts)} files", tuple(f for f, _ in texts), texts=texts
        )
    tables = tuple(class_table(file, text) for file in entries)
    return Source(f"{path}: a file per class, {len(tables)} files", tuple(entries), tables=tables)


def class_table(path: Path, text: str | None) -> tuple[Table, Columns, str]:
    """Take the file's name for the label: pos.csv holds texts of the class pos."""
    label = path.name.split(".")[0]
    file = open_text(path)
    if path.suffix == ".txt" and find_format(file) == "tab":
        return Table(path, "lines", file.encoding, ("text",), header=False), Columns("text", None), label
    table = open_table(path, header_test(text, None))
    return table, find_columns(table, text, None, labelled=False), label


def to_row(path: Path, record: Record, columns: Columns, label: str | None) -> Row:
    """Take text and label out of a record; an empty text or a missing label is a problem with its line."""
    if record.problem is not None:
        return Row(path, record.line, problem=record.problem)
    text = as_text(record.values.get(columns.text))
    if not text:
        return missing(path, record, f"no text in column '{columns.text}'", "a text")
    if label is None and columns.label is not None:
        label = as_label(record.values.get(columns.label))
        if not label:
            return missing(path, record, f"no label in column '{columns.label}'", "a label")
    return Row(path, record.line, text, label)


def missing(path: Path, record: Record, found: str, expected: str) -> Row:
    """Say which cell is empty and show the row."""
    shown = f"{found}: {shorten(list(record.values.values()))}"
    return Row(
        path, record.line, problem=Problem(path, record.line, shown, expected, "complete or remove the row")
    )


def as_text(value: object) -> str:
    """Normalise the white space at the ends only; the tokenizer sees to the rest."""
    return "" if value is None else str(value).strip()


def as_label(value: object) -> str:
    """Write a label as text: 3, 3.0 (as pandas writes a column with gaps), true and [1, 4] all occur."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ",".join(as_label(one) for one in value)
    return "" if value is None else str(value).strip()


def whole_file(path: Path, label: str) -> Row:
    """Read one text that fills a file."""
    try:
        text = "".join(line for _, line in open_text(path).lines()).strip()
    except DataError as error:
        return Row(path, error.problem.line or 1, problem=error.problem)
    return Row(path, 1, text, label)
