"""Reads tables (tab-separated, CSV, JSON lines, Parquet, saved data sets) into records of named values."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from finetune.data.columnar import is_saved, open_columnar
from finetune.data.delimited import SEPARATORS, csv_rows, find_separator, is_quoted
from finetune.data.lines import TextFile, bare_suffix, must_be_text, open_text, undecoded
from finetune.data.width import fold
from finetune.errors import DataError, Problem
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOOK_AHEAD = 200
SAMPLE_LINES = 50
LONGEST_ARRAY = 1 << 28
Values = dict[str, Any]
FORMATS = {
    "tab": "tab-separated",
    "csv": "CSV",
    "jsonl": "JSON lines",
    "array": "a JSON array",
    "lines": "a text a line",
}
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
    header: bool = True
    separator: str = "\t"
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def file(self) -> TextFile:
        """The file behind a table of text."""
        return TextFile(self.path, self.encoding)

    def records(self, *, every: bool = False) -> Iterator[Record]:
        """Yield the rows of the file; every one: those without anything in them and further headers too."""
        if self.format in {"Parquet", "a saved data set"}:
            return stored_records(self.path)
        if self.format in JSON:
            return JSON[self.format](self.file)
        return (line_records if self.format == "lines" else cell_records)(self, every=every)

    @property
    def said(self) -> str:
        """Say what was detected: 'tab-separated, utf-8, no header'."""
        if self.format not in FORMATS:
            return self.format
        odd = self.format == "csv" and self.separator != ","
        between = f" with {SEPARATORS[self.separator]}" if odd else ""
        header = "" if self.format not in {"csv", "tab"} else ", a header" if self.header else ", no header"
        return f"{FORMATS[self.format]}{between}, {self.encoding}{header}"


def find_format(file: TextFile) -> str:
    """Tell the format by the file's name, else by its first lines that are not blank."""
    known = KNOWN_SUFFIXES.get(bare_suffix(file.path))
    first = first_lines(file)
    if known == "jsonl" and first and first[0].lstrip().startswith("["):
        return "array"
    if known:
        return known
    if first and begins_object(first[0]):
        return "jsonl"
    return "csv" if first and "\t" not in first[0] and find_separator(first) else "tab"


def begins_object(line: str) -> bool:
    """Tell an object of JSON, or what is meant to be one, from a text or a tagged word that begins with {."""
    bare = line.strip().removesuffix(",")
    return bare.startswith("{") and (bare.endswith("}") or bare[1:].lstrip()[:1] in {"", '"', "'"})


def first_lines(file: TextFile) -> list[str]:
    """Read some lines that are not blank."""
    return list(islice((line for _, line in file.lines() if line.strip()), SAMPLE_LINES))


def open_table(path: Path, has_header: Callable[[list[list[str]]], bool]) -> Table:
    """Find the format, encoding and columns of a file."""
    if bare_suffix(path) == ".parquet" or is_saved(path):
        found = open_columnar(path)
        kind = "a saved data set" if path.is_dir() else "Parquet"
        return Table(path, kind, "utf-8", column_names(found.schema), class_names=found.class_names())
    file = open_text(path)
    kind = find_format(file)
    if kind == "jsonl":
        must_be_rows(file)
    if kind in JSON:
        return Table(path, kind, file.encoding, json_columns(JSON[kind](file), path))
    separator = "\t" if kind == "tab" else find_separator(first_lines(file)) or ","
    kind = "csv" if kind == "tab" and is_quoted(file) else kind
    nothing = Problem(
        path, 1, "no row with anything in it", "a text and its label in each row", "check the export"
    )
    sample = [found for _, found in islice(cells_of(file, kind, separator), LOOK_AHEAD)] or [nothing]
    rows = [one for one in sample if not isinstance(one, Problem)]
    if not rows or isinstance(sample[0], Problem):
        raise DataError(next(one for one in sample if isinstance(one, Problem)))
    header = has_header(rows)
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    must_be_text(" ".join(rows[0]) if header else "", path, 1)
    names = [fold(one).strip() for one in rows[0]] if header else [str(n) for n in range(1, usual + 1)]
    return Table(path, kind, file.encoding, tuple(names), header, separator)


def cells_of(
    file: TextFile, kind: str, separator: str, *, every: bool = False
) -> Iterator[tuple[int, list[str] | Problem]]:
    """Yield (line, cells) of every row that is not blank; in a tab-separated file a quote is just a quote.

    A blank line is no row, as pandas has it; where every row counts, separators or quotes alone are one.
    """
    if kind == "tab":
        for number, line in file.lines():
            if line.strip() or (every and "\t" in line):
                yield number, line[:-1].split("\t")
        return
    for number, cells in csv_rows(file.lines(), separator):
        if isinstance(cells, str):
            found = f"broken CSV ({cells})"
            yield number, Problem(file.path, number, found, "quotes in pairs", "close or double the quote")
        elif any(cell.strip() for cell in cells) or (every and (len(cells) > 1 or cells == [""])):
            yield number, cells


def cell_records(table: Table, *, every: bool) -> Iterator[Record]:
    """Give every row the table's column names; a row of another width is a problem."""
    between, model = SEPARATORS[table.separator], "the header" if table.header else "most rows"
    expected = f"{len(table.columns)} columns with {between} between them, as in {model}"
    todo = "mend the row or pass --skip-bad-rows"
    header: list[str] | Problem | None = None
    rows = cells_of(table.file, table.format, table.separator, every=every)
    for line, cells in rows:
        if table.header and header is None:
            header = cells if isinstance(cells, Problem) or any(map(str.strip, cells)) else None
            continue
        if cells == header:  # that of a file that was put behind this one
            if every:
                yield Record(line, {}, Problem(table.path, line, "the header again", "a text", "remove it"))
            continue
        if isinstance(cells, Problem):
            yield Record(line, {}, cells)
        elif len(table.columns) == 1:  # what looks like a separator is part of the text
            yield Record(line, {table.columns[0]: table.separator.join(cells)})
        elif len(cells) != len(table.columns):
            found = f"{len(cells)}: {shorten(cells)}"
            yield Record(line, {}, Problem(table.path, line, found, expected, todo))
        else:
            yield Record(line, dict(zip(table.columns, cells, strict=True)))


def json_columns(records: Iterator[Record], path: Path) -> tuple[str, ...]:
    """Take the keys of the first objects; a file without any is refused for its first line."""
    first = list(islice(records, LOOK_AHEAD))
    keys = dict.fromkeys(key for record in first for key in record.values if not undecoded(key))
    if keys:
        return tuple(keys)
    problem = next((one.problem for one in first if one.problem), None)
    raise DataError(
        problem or Problem(path, 1, "{}", 'objects such as {"text": …, "label": …}', "add the keys")
    )


def must_be_rows(file: TextFile) -> None:
    """Refuse one object that holds all rows, such as pandas' to_json() writes, or {"data": [...]}."""
    first = first_lines(file)[:2]
    try:
        values = json.loads(first[0]) if len(first) == 1 else None
    except (ValueError, RecursionError):
        values = None
    if first[:1] == ["{\n"] or (isinstance(values, dict) and holds_rows(values)):
        todo = 'in pandas write it with to_json(NAME, orient="records", lines=True)'
        expected = "one object a line, or an array of them"
        raise DataError(Problem(file.path, 1, "one JSON object for all rows", expected, todo))


def holds_rows(values: Values) -> bool:
    """Tell columns of numbered values, and a list of objects, from a row, which has some text."""
    inner = [one for one in values.values() if isinstance(one, (dict, list)) and one]
    rows = [one for one in inner if isinstance(one, list) and isinstance(one[0], dict)]
    columns = [one for one in inner if isinstance(one, dict) and all(map(str.isdecimal, one))]
    return bool(rows or columns) and not any(isinstance(one, str) for one in values.values())


def json_records(file: TextFile) -> Iterator[Record]:
    """Yield the object of each line."""
    for number, line in file.lines():
        if not line.strip():
            continue
        try:
            values = json.loads(line.rstrip().removesuffix(","))  # as in an array whose brackets are gone
            values = flat(values) if isinstance(values, dict) else None
            if "\\ud" in line.casefold():
                json.dumps(values, ensure_ascii=False).encode()  # half of a character is a ValueError
        except (ValueError, RecursionError):
            values = None
        if values is not None:
            yield Record(number, values)
        else:
            problem = Problem(
                file.path, number, shorten(line), 'one JSON object a line, {"text": …}', "mend the row"
            )
            yield Record(number, {}, problem)


def array_records(file: TextFile) -> Iterator[Record]:
    """Yield the objects of one array, numbered from 1; it is in memory whole, so it must not be too long."""
    lines: list[str] = []
    size = 0
    for _, line in file.text_lines():
        lines.append(line)
        size += len(line)
        if size > LONGEST_ARRAY:
            found = f"one JSON array of more than {LONGEST_ARRAY >> 20} million characters"
            todo = f"jq -c '.[]' {file.path.name} > NAME.jsonl makes lines of it"
            raise DataError(Problem(file.path, 1, found, "one JSON object a line", todo))
    try:
        entries = json.loads("".join(lines))
        json.dumps(entries, ensure_ascii=False).encode()  # half of a character is a ValueError
    except (ValueError, RecursionError) as error:
        at, said = getattr(error, "lineno", 1), getattr(error, "msg", "it cannot be read")
        expected = 'one array of objects, [{"text": …}, …], or one object a line'
        raise DataError(Problem(file.path, at, f"broken JSON ({said})", expected, "mend the file")) from None
    for number, values in enumerate(entries, 1):
        if isinstance(values, dict):
            yield Record(number, flat(values))
        else:
            expected, todo = 'objects in the array, {"text": …}', f"mend the entry {number}"
            yield Record(number, {}, Problem(file.path, number, shorten(values), expected, todo))


JSON = {"jsonl": json_records, "array": array_records}


def line_records(table: Table, *, every: bool) -> Iterator[Record]:
    """Take every line that is not blank for a text."""
    lines = ((number, line.removesuffix("\n")) for number, line in table.file.lines())
    return (Record(number, {"text": line}) for number, line in lines if every or line.strip())


def column_names(fields: Any) -> tuple[str, ...]:  # noqa: ANN401 - pyarrow carries no types
    """Name the columns of a schema, those inside a structure with a dot: article.title."""
    names: list[str] = []
    for one in fields:
        inner = column_names(one.type) if is_struct(one.type) else ()
        names += [f"{one.name}.{name}" for name in inner] or [one.name]
    return tuple(names)


def is_struct(kind: Any) -> bool:  # noqa: ANN401 - pyarrow carries no types
    """Tell whether a column holds fields of its own."""
    return str(kind).startswith("struct<")


def flat(values: Values) -> Values:
    """Lift nested values up: {"a": {"b": 1}} becomes {"a.b": 1}."""
    if not any(isinstance(value, dict) for value in values.values()):
        return values
    out: Values = {}
    for name, value in values.items():
        inner = {f"{name}.{key}": one for key, one in flat(value).items()} if isinstance(value, dict) else {}
        out.update(inner or {name: value})
    return out


def stored_records(path: Path) -> Iterator[Record]:
    """Yield rows, numbered from 1; a batch at a time, so that memory stays flat."""
    return (Record(number, flat(values)) for number, values in enumerate(open_columnar(path).values(), 1))
