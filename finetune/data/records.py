"""Reads tables (tab-separated, CSV, JSON lines, Parquet) into records: a line number and named values."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from finetune.data.lines import TextFile, bare_suffix, open_text
from finetune.errors import DataError, Problem, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOOK_AHEAD = 200
Values = dict[str, Any]
KNOWN_SUFFIXES = {".csv": "csv", ".tsv": "tab", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


@dataclass(frozen=True)
class Record:
    """One row of a table; a row that cannot be read carries the problem instead of values."""

    line: int
    values: Values
    problem: Problem | None = None


@dataclass(frozen=True)
class Table:
    """A file that is read as a table, and what was found out about it."""

    path: Path
    format: str
    encoding: str
    columns: tuple[str, ...]
    header: bool

    def records(self) -> Iterator[Record]:
        """Yield every row of the file."""
        if self.format == "parquet":
            return parquet_records(self.path)
        if self.format == "jsonl":
            return json_records(TextFile(self.path, self.encoding))
        if self.format == "lines":
            return line_records(TextFile(self.path, self.encoding))
        return cell_records(self)

    @property
    def said(self) -> str:
        """Say what was detected: 'tab-separated, utf-8, no header'."""
        name = {
            "tab": "tab-separated",
            "csv": "CSV",
            "jsonl": "JSON lines",
            "parquet": "Parquet",
            "lines": "a text a line",
        }[self.format]
        header = "" if self.format not in {"csv", "tab"} else ", a header" if self.header else ", no header"
        return f"{name}, {self.encoding}{header}"


def find_format(file: TextFile) -> str:
    """Tell the format by the file's name, else by its first line that is not blank."""
    known = KNOWN_SUFFIXES.get(bare_suffix(file.path))
    if known:
        return known
    first = next((line for _, line in file.lines() if line.strip()), "")
    if first.lstrip().startswith("{"):
        return "jsonl"
    if "\t" not in first and "," in first:
        return "csv"
    return "tab"


def open_table(path: Path, is_header: Callable[[list[str]], bool]) -> Table:
    """Find the format, encoding and columns of a file."""
    if bare_suffix(path) == ".parquet":
        return Table(path, "parquet", "utf-8", parquet_columns(path), header=True)
    file = open_text(path)
    kind = find_format(file)
    if kind == "jsonl":
        return Table(path, kind, file.encoding, json_columns(file), header=True)
    nothing = Problem(
        path, 1, "no row with anything in it", "a text and its label in each row", "check the export"
    )
    cells = next((found for _, found in cells_of(file, kind)), nothing)
    if isinstance(cells, Problem):
        raise DataError(cells)
    header = is_header(cells)
    names = [one.strip() for one in cells] if header else [str(n) for n in range(1, len(cells) + 1)]
    return Table(path, kind, file.encoding, tuple(names), header)


def cells_of(file: TextFile, kind: str) -> Iterator[tuple[int, list[str] | Problem]]:
    """Yield (line, cells) of every row that is not blank; a tab-separated file knows no quotes."""
    if kind == "tab":
        for number, line in file.lines():
            if line.strip():
                yield number, line[:-1].split("\t")
        return
    csv.field_size_limit(1 << 30)
    rows = csv.reader((line for _, line in file.lines()), strict=True)
    while True:
        start = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield (
                start,
                Problem(
                    file.path, start, f"broken CSV ({error})", "quotes in pairs", "close or double the quote"
                ),
            )
            continue
        if any(cell.strip() for cell in cells):
            yield start, cells


def cell_records(table: Table) -> Iterator[Record]:
    """Give every row the table's column names; a row of another width is a problem."""
    separator = "a tab" if table.format == "tab" else "a comma"
    expected = f"{len(table.columns)} columns with {separator} between them, as in the first row"
    for index, (line, cells) in enumerate(cells_of(TextFile(table.path, table.encoding), table.format)):
        if index == 0 and table.header:
            continue
        if isinstance(cells, Problem):
            yield Record(line, {}, cells)
        elif len(cells) != len(table.columns):
            found = f"{len(cells)}: {shorten(cells)}"
            yield Record(
                line, {}, Problem(table.path, line, found, expected, "mend the row or pass --skip-bad-rows")
            )
        else:
            yield Record(line, dict(zip(table.columns, cells, strict=True)))


def json_columns(file: TextFile) -> tuple[str, ...]:
    """Take the keys of the first object; a file without any is refused for its first line."""
    problem = None
    for record in islice(json_records(file), LOOK_AHEAD):
        if record.values:
            return tuple(record.values)
        problem = problem or record.problem
    raise DataError(
        problem or Problem(file.path, 1, "{}", 'objects such as {"text": …, "label": …}', "add the keys")
    )


def json_records(file: TextFile) -> Iterator[Record]:
    """Yield the object of each line."""
    for number, line in file.lines():
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            values = error
        if isinstance(values, dict):
            yield Record(number, values)
        else:
            problem = Problem(
                file.path, number, shorten(line), 'one JSON object a line, {"text": …}', "mend the row"
            )
            yield Record(number, {}, problem)


def line_records(file: TextFile) -> Iterator[Record]:
    """Take every line that is not blank for a text."""
    return (Record(number, {"text": line}) for number, line in file.lines() if line.strip())


def parquet_columns(path: Path) -> tuple[str, ...]:
    """Read the column names only."""
    return tuple(parquet_file(path).schema_arrow.names)


def parquet_file(path: Path) -> Any:  # noqa: ANN401 - pyarrow carries no types
    """Open the file or say that it is none."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that other formats need not wait for
    from pyarrow import parquet  # noqa: PLC0415 - likewise

    try:
        return parquet.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            Problem(path, None, first, "a Parquet file", "check the path, or export it again")
        ) from None


def parquet_records(path: Path) -> Iterator[Record]:
    """Yield rows, numbered from 1; a batch at a time, so that memory stays flat."""
    number = 0
    for batch in parquet_file(path).iter_batches(batch_size=4096):
        for values in batch.to_pylist():
            number += 1
            yield Record(number, values)
