"""Reads texts without labels: a text a line, or any labelled source, whose labels are not looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from finetune.data.delimited import is_quoted
from finetune.data.lines import TextFile, bare_suffix, open_text
from finetune.data.records import KNOWN_SUFFIXES, begins_object
from finetune.data.rows import Row, Source, open_source
from finetune.data.shape import AnySource, Shape
from finetune.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finetune.data.columns import Columns
    from finetune.options import DataOptions

LOOK_AT = 20
TABLES = {*KNOWN_SUFFIXES, ".parquet", ".arrow"}


@dataclass(frozen=True)
class TextLines:
    """A file with a text a line; with every, blank ones count, and texts stand as they are written."""

    file: TextFile
    names: tuple[str, ...] = ()
    columns: None = None
    formats: frozenset[str] = frozenset()
    every: bool = False

    @property
    def said(self) -> str:
        """What was detected."""
        return f"{self.file.path}: a text a line, {self.file.encoding}"

    @property
    def root(self) -> Path:
        """The file."""
        return self.file.path

    def files(self) -> Iterator[Path]:
        """Yield the one file."""
        yield self.file.path

    def rows(self) -> Iterator[Row]:
        """Yield the lines that are not blank, or every one."""
        blank: list[Row] = []
        for number, line in self.file.lines():
            row = line_row(self.file.path, number, line if self.every else line.strip())
            if row.problem is None:
                yield from blank
                blank.clear()
                yield row
            elif self.every:  # at the end of a file they are none
                blank.append(row)


def line_row(path: Path, number: int, line: str) -> Row:
    """Make a row of a line as it stands, its line feed left out; a blank one is a problem."""
    blank = Problem(path, number, "a blank line", "a text", "remove it")
    return Row(path, number, line.removesuffix("\n"), "", None if line.strip() else blank)


@dataclass(frozen=True)
class Unlabelled:
    """A source whose labels, if it has any, are left out."""

    source: Source
    names: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What was detected, as far as it is read."""
        return self.source.said.split(", label in column")[0]

    @property
    def root(self) -> Path:
        """The file or folder."""
        return self.source.root

    @property
    def formats(self) -> frozenset[str]:
        """The formats of its tables."""
        return self.source.formats

    @property
    def columns(self) -> Columns | None:
        """The columns that were found."""
        return self.source.columns

    def files(self) -> Iterator[Path]:
        """Yield the files it is made of."""
        return self.source.files()

    def rows(self) -> Iterator[Row]:
        """Yield its rows with a blank for the label."""
        return (replace(row, label="") for row in self.source.rows())


def open_every(path: Path, options: DataOptions) -> AnySource:
    """Open what is to be answered row by row: none is left out, and texts stand as they are written."""
    found = open_plain(path, options)
    if isinstance(found, TextLines):
        return replace(found, every=True)
    return replace(found, source=replace(found.source, every=True))


def open_plain(path: Path, options: DataOptions) -> TextLines | Unlabelled:
    """Take a file for lines of text unless its name or its first lines say that it is a table."""
    if options.text_column is None and path.is_file() and bare_suffix(path) not in TABLES:
        file = open_text(path)
        if not is_table(file):
            return TextLines(file)
    columns = options.text_column, options.label_column
    return Unlabelled(open_source(path, *columns, labelled=False, blank_labels=True))


def is_table(file: TextFile) -> bool:
    """Tell JSON lines and tab-separated columns from prose, in which commas and a stray tab occur."""
    first = list(islice((line for _, line in file.lines() if line.strip()), LOOK_AT))
    tabs = first and (all("\t" in line.strip() for line in first) or is_quoted(file))
    return bool(tabs) or any(map(begins_object, first[:1]))


def no_name(_: object) -> tuple[str, ...]:
    """Name no label."""
    return ()


PLAIN = Shape("plain text", pa.string(), pa.string(), open_plain, no_name, 0, no_name)
