"""Yields the labelled texts of one source (a table, class folders, a file per class), each with its place."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.data.columnar import is_saved, shards
from finetune.data.columns import SAMPLE_ROWS, Columns, by_name, find_columns, header_test
from finetune.data.lines import bare_suffix, open_text
from finetune.data.naming import ONE_BY_ONE, class_of, hidden, must_be_classes
from finetune.data.records import JSON, KNOWN_SUFFIXES, Record, Table, find_format, open_table
from finetune.data.width import fold
from finetune.errors import DataError, Problem, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_LABELS = (
    "label",
    "labels",
    "category",
    "class",
    "标签",
    "类别",
    "分类",
)  # a rating may stand in any class


COMMA = "\x1f"  # stands for a comma that is part of a label's name


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


@dataclass(frozen=True)
class Source:
    """A source that was looked at: what was detected, and its rows on demand.

    Its texts are rows of tables, or whole files in a folder for each class. The names are those of all
    classes, where the source lists them.
    """

    said: str
    root: Path
    tables: tuple[tuple[Table, Columns, str | None], ...] = ()
    class_folders: tuple[str, ...] = ()
    blank_labels: bool = False
    names: tuple[str, ...] = ()

    @property
    def columns(self) -> Columns | None:
        """The columns that were found, where they are those of all tables."""
        found = {columns for _, columns, label in self.tables if label is None}
        return found.pop() if len(found) == 1 else None

    def files(self) -> Iterator[Path]:
        """Yield the files that it is made of."""
        for table, _, _ in self.tables:
            yield from files_below(table.path)
        for name in self.class_folders:
            yield from files_below(self.root / name)

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not blank, in the order of the files."""
        for table, columns, label in self.tables:
            yield from (self.row(record, table, columns, label) for record in table.records())
        for name in self.class_folders:
            yield from (whole_file(path, fold(name)) for path in files_below(self.root / name))

    def row(self, record: Record, table: Table, columns: Columns, label: str | None) -> Row:
        """Make a row of a record; where labels may be blank, a blank one stands."""
        if label is None and self.blank_labels and columns.label:
            label = as_labels(record.values.get(columns.label))
        row = to_row(table.path, record, columns, label)
        return row if label is not None or self.blank_labels else with_one_label(row, record, columns)


def open_source(
    path: Path, text: str | None, label: str | None, *, labelled: bool = True, blank_labels: bool = False
) -> Source:
    """Look at a file or folder and say how it will be read."""
    if path.is_dir() and not is_saved(path):
        return open_folder(path, text, labelled=labelled)
    first, *others = shards(path)
    table = open_table(first, header_test(text, label))
    columns = find_columns(table, text, label, labelled=labelled)
    said = f"{path}: {table.said}, text in column '{columns.text}', label in column '{columns.label}'"
    names = table.class_names.get(columns.label or "", ())
    if not others:
        return Source(said, path, ((table, columns, None),), blank_labels=blank_labels, names=names)
    tables = [table, *(alike(one, columns) for one in others)]
    every = tuple((one, columns, None) for one in tables)
    said = f"{said}, {len(tables)} files"
    return Source(said, path.parent, every, blank_labels=blank_labels, names=names)


def alike(part: Path, columns: Columns) -> Table:
    """Open a further part of a split, whose columns must be those of the first."""
    table = open_table(part, header_test(columns.text, columns.label))
    find_columns(table, columns.text, columns.label, labelled=columns.label is not None)
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
    text = as_text(record.values.get(columns.text))
    if not text:
        return missing(path, record, f"no text in column '{columns.text}'", "a text")
    if label is None and columns.label is not None:
        label = as_label(record.values.get(columns.label))
        if not label:
            return missing(path, record, f"no label in column '{columns.label}'", "a label")
    return Row(path, record.line, text, label)


def with_one_label(row: Row, record: Record, columns: Columns) -> Row:
    """Refuse a list of several labels, which would be a class of its own; places of entities too."""
    found = record.values.get(columns.label or "")
    if row.problem is not None or not isinstance(found, (list, tuple)):
        return row
    shown = f"{shorten(found)} in the column '{columns.label}'"
    if any(isinstance(one, (list, tuple, dict)) for one in found):
        todo = "learn entities with finetune tag (inspect --task tag), or name another column"
    elif len(found) > 1:
        todo = "pass --multi-label where a text may have several"
    else:
        return row
    return replace(row, problem=Problem(row.path, row.line, shown, "one label for each text", todo))


def missing(path: Path, record: Record, found: str, expected: str) -> Row:
    """Say which cell is empty and show the row."""
    shown = f"{found}: {shorten(list(record.values.values()))}"
    return Row(
        path,
        record.line,
        problem=Problem(path, record.line, shown, expected, "complete or remove the row"),
        empty=expected == "a text",
    )


def as_text(value: object) -> str:
    """Normalise the white space at the ends only; the tokenizer sees to the rest."""
    return "" if value is None else str(value).strip()


def as_label(value: object) -> str:
    """Write a label as text: 3, 3.0 (a pandas column with gaps), true, [1, 4] and "Ａ" all occur."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ",".join(as_label(one) for one in value)
    return "" if value is None else fold(str(value)).strip()


def as_labels(value: object) -> str:
    """Write a cell of several labels as text, with commas between them; one in a name of a list is marked."""
    if not isinstance(value, (list, tuple)):
        return as_label(value)
    return ",".join(as_label(one).replace(",", COMMA) for one in value)


def whole_file(path: Path, label: str) -> Row:
    """Read one text that fills a file."""
    try:
        text = "".join(line for _, line in open_text(path).lines()).strip()
    except DataError as error:
        return Row(path, error.problem.line or 1, problem=error.problem, empty=path.stat().st_size == 0)
    if not text:
        problem = Problem(path, 1, "white space alone", "a text", "write one into it or remove the file")
        return Row(path, 1, problem=problem, empty=True)
    return Row(path, 1, text, label)
