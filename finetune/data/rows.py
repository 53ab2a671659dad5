"""Yields the labelled texts of one source (a table, class folders, a file per class), each with its place."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.data.cells import as_label, as_labels, as_text, flag_names, flagged, no_text, written
from finetune.data.columnar import is_saved, shards
from finetune.data.columns import SAMPLE_ROWS, Columns, by_name, find_columns, header_test
from finetune.data.lines import bare_suffix, open_text
from finetune.data.marked import full_export
from finetune.data.naming import ONE_BY_ONE, class_of, hidden, must_be_classes, must_be_texts
from finetune.data.records import JSON, KNOWN_SUFFIXES, Record, Table, find_format, open_table
from finetune.data.width import fold
from finetune.errors import DataError, Problem
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_LABELS = (
    "label", "labels", "category", "class", "target", "sentiment", "标签", "类别", "分类", "情感",
)  # fmt: skip # a rating may stand in any class


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
    empty: bool = False
    unlabelled: bool = False


@dataclass(frozen=True)
class Source:
    """A source that was looked at: what was detected, and its rows on demand.

    Its texts are rows of tables, or whole files in a folder for each class. The names are those of all
    classes, where the source lists them. With every, no row is left out and the texts stand as they are
    written: answers lie beside rows, and offsets count in them.
    """

    said: str
    root: Path
    tables: tuple[tuple[Table, Columns, str | None], ...] = ()
    class_folders: tuple[str, ...] = ()
    blank_labels: bool = False
    names: tuple[str, ...] = ()
    every: bool = False

    @property
    def columns(self) -> Columns | None:
        """The columns that were found, where they are those of all tables."""
        found = {columns for _, columns, label in self.tables if label is None}
        return found.pop() if len(found) == 1 else None

    @property
    def formats(self) -> frozenset[str]:
        """The formats of its tables, as records.FORMATS has them."""
        return frozenset(table.format for table, _, _ in self.tables)

    def files(self) -> Iterator[Path]:
        """Yield the files that it is made of."""
        for table, _, _ in self.tables:
            yield from files_below(table.path)
        for name in self.class_folders:
            yield from files_below(self.root / name)

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not blank, in the order of the files."""
        for table, columns, label in self.tables:
            records = table.records(every=self.every)
            yield from (self.row(record, table, columns, label) for record in records)
        for name in self.class_folders:
            for path in files_below(self.root / name):
                row = whole_file(path, fold(name))
                yield row if self.every else replace(row, text=row.text.strip())

    def row(self, record: Record, table: Table, columns: Columns, label: str | None) -> Row:
        """Make a row of a record; where labels may be blank, a blank one stands."""
        own = label is None and columns.label is not None
        try:
            if own and self.blank_labels:
                label = several_labels(record, columns)
            row = to_row(table.path, record, columns, label)
            if self.every and row.problem is None:
                row = replace(row, text=written(record.values[columns.text]))
        except ValueError as error:
            row = refused(table.path, record, str(error), "0 or 1 for each label")
        row = with_labels(row, record, columns, several=self.blank_labels) if own else row
        return entry(row) if table.format == "array" else row


def open_source(
    path: Path, text: str | None, label: str | None, *, labelled: bool = True, blank_labels: bool = False
) -> Source:
    """Look at a file or folder and say how it will be read."""
    if path.is_dir() and not is_saved(path):
        return open_folder(path, text, labelled=labelled)
    first, *others = shards(path)
    table = open_table(first, header_test(text, label))
    columns = find_columns(table, text, label, labelled=labelled, several=blank_labels)
    said = f"{path}: {table.said}, text in column '{columns.text}', {where_labels(columns)}"
    names = flag_names(columns.flags) or table.class_names.get(columns.label or "", ())
    if not others:
        return Source(said, path, ((table, columns, None),), blank_labels=blank_labels, names=names)
    tables = [table, *(alike(one, columns) for one in others)]
    every = tuple((one, columns, None) for one in tables)
    said = f"{said}, {len(tables)} files"
    return Source(said, path.parent, every, blank_labels=blank_labels, names=names)


def where_labels(columns: Columns) -> str:
    """Say where the labels stand."""
    if columns.flags:
        return f"0 or 1 for each label in the columns {shorten(', '.join(columns.flags), 300)}"
    return f"label in column '{columns.label}'"


def alike(part: Path, columns: Columns) -> Table:
    """Open a further part of a split, whose columns must be those of the first."""
    table = open_table(part, header_test(columns.text, columns.label))
    several = bool(columns.flags)
    find_columns(table, columns.text, columns.label, labelled=columns.label is not None, several=several)
    return table


def open_folder(path: Path, text: str | None, *, labelled: bool) -> Source:
    """Read class folders (a file is a text) or a file per class (a line is a text)."""
    if (path / "dataset_dict.json").is_file():
        names = ", ".join(one.name for one in sorted(path.iterdir()) if one.is_dir())
        todo = f"name one of its folders, such as {path / 'test'}"
        raise DataError(
            Problem(path, None, f"a saved data set of several splits: {names}", "one split", todo)
        )
    entries = [one for one in sorted(path.iterdir()) if not hidden(one.name)]
    folders = tuple(one.name for one in entries if one.is_dir() and one.name != "unsup")
    if folders:
        for name in folders:
            must_be_texts(path / name, labelled=labelled)
        said = f"{path}: a folder per class and a file per text: {shorten(', '.join(folders), 300)}"
        return Source(said, path, class_folders=folders)
    if labelled:
        must_be_classes(path, entries)
    tables = tuple(class_table(file, text, labelled=labelled) for file in entries)
    said = f"{path}: a file per class: {shorten(', '.join(label for _, _, label in tables), 300)}"
    return Source(said, path, tables)


def files_below(path: Path) -> Iterator[Path]:
    """Yield the files below in a fixed order, one folder's names in memory at a time; a file is itself."""
    if path.is_file():
        yield path
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(one for one in inner if not one.startswith("."))
        yield from (Path(folder, one) for one in sorted(names) if not one.startswith("."))


def class_table(path: Path, text: str | None, *, labelled: bool) -> tuple[Table, Columns, str]:
    """Take the file's name for the label: pos.csv holds texts of the class pos."""
    label = class_of(path.name)
    if bare_suffix(path) not in {".parquet", *KNOWN_SUFFIXES}:
        file = open_text(path)
        if find_format(file) not in JSON:
            return Table(path, "lines", file.encoding, ("text",)), Columns("text", None), label
    table = open_table(path, header_test(text, None))
    if labelled:
        must_be_one_class(table)
    return table, find_columns(table, text, None, labelled=False), label


def must_be_one_class(table: Table) -> None:
    """Refuse a table with a column of different labels where its name would be the label of all rows."""
    column = by_name(table.columns, OWN_LABELS)
    if column is None:
        return
    sample = islice(table.records(), SAMPLE_ROWS)
    if len({as_label(one.values.get(column)) for one in sample if one.problem is None}) > 1:
        found, expected = f"the column '{column}'", "texts of one class, that of the file's name"
        raise DataError(Problem(table.path, 1, found, expected, ONE_BY_ONE))


def to_row(path: Path, record: Record, columns: Columns, label: str | None) -> Row:
    """Take text and label out of a record; an empty text or a missing label is a problem with its line."""
    if record.problem is not None:
        return Row(path, record.line, problem=record.problem)
    value = record.values.get(columns.text)
    wrong = no_text(value)
    if wrong:
        return refused(path, record, f"{wrong} in column '{columns.text}'", "a text")
    text = as_text(value)
    if not text:
        return missing(path, record, f"no text in column '{columns.text}'", "a text")
    if label is None and columns.label is not None:
        label = as_label(record.values.get(columns.label))
        if not label:
            return missing(path, record, f"no label in column '{columns.label}'", "a label")
    return Row(path, record.line, text, label)


def several_labels(record: Record, columns: Columns) -> str:
    """Read the labels from their cell, or from a column for each."""
    if columns.flags:
        return "" if record.problem else flagged(record.values, columns.flags)
    return as_labels(record.values.get(columns.label or ""))


def with_labels(row: Row, record: Record, columns: Columns, *, several: bool) -> Row:
    """Refuse places of entities, and where a text has one label a list of several: it would be a class."""
    found = record.values.get(columns.label or "")
    apart = None if str(columns.label).startswith("data.") else full_export(row.path, row.line, record.values)
    if apart:
        return replace(row, problem=apart)
    if row.problem is not None or not isinstance(found, (list, tuple)):
        return row
    if any(isinstance(one, (list, tuple, dict)) for one in found):
        todo = "learn entities with finetune tag (inspect --task tag), or name another column"
    elif len(found) > 1 and not several:
        todo = "pass --multi-label where a text may have several"
    else:
        return row
    shown = f"{shorten(found)} in the column '{columns.label}'"
    expected = "names of labels" if several else "one label for each text"
    return replace(row, problem=Problem(row.path, row.line, shown, expected, todo))


def refused(path: Path, record: Record, found: str, expected: str) -> Row:
    """Say what a cell holds."""
    todo = "correct the cell, or name another column"
    return Row(path, record.line, problem=Problem(path, record.line, found, expected, todo))


def entry(row: Row) -> Row:
    """Say that a place in an array is the number of its entry and no line."""
    return row if row.problem is None else replace(row, problem=in_entry(row.problem))


def in_entry(problem: Problem) -> Problem:
    """Name the entry of an array instead of a line."""
    return replace(problem, line=None, found=f"in entry {problem.line}: {problem.found}")


def missing(path: Path, record: Record, found: str, expected: str) -> Row:
    """Say which cell is empty and show the row."""
    shown = f"{found}: {shorten(list(record.values.values()))}"
    problem = Problem(path, record.line, shown, expected, "complete or remove the row")
    return Row(
        path, record.line, problem=problem, empty=expected == "a text", unlabelled=expected == "a label"
    )


def whole_file(path: Path, label: str) -> Row:
    """Read one text that fills a file."""
    try:
        text = "".join(line for _, line in open_text(path).text_lines()).removesuffix("\n")
    except DataError as error:
        return Row(path, error.problem.line or 1, problem=error.problem, empty=path.stat().st_size == 0)
    if not text.strip():
        problem = Problem(path, 1, "white space alone", "a text", "write one into it or remove the file")
        return Row(path, 1, problem=problem, empty=True)
    return Row(path, 1, text, label)
