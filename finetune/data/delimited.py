"""Reads CSV: finds the separator, and goes on behind a row whose quotes are broken."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from finetune.data.lines import TextFile

Line = tuple[int, str]
SEPARATORS = {",": "a comma", ";": "a semicolon", "|": "a vertical bar", "\t": "a tab"}
LONGEST_CELL = 1000
CSV_BYTES = 1 << 30
SAMPLE, MOST = 10_000, 0.9
QUOTED = re.compile(r'"[^"]*"')


def find_separator(lines: Sequence[str]) -> str | None:
    """Take what splits most of these lines into equally many cells; None where nothing does."""
    best, most = None, 0.5
    for separator in SEPARATORS:
        rows = [cells for _, cells in csv_rows(enumerate(lines, 1), separator) if cells]
        widths = Counter(len(cells) for cells in rows if isinstance(cells, list))
        common = max((count for width, count in widths.items() if width > 1), default=0)
        share = common / max(1, len(rows))
        if share > most:
            best, most = separator, share
    return best


def is_quoted(file: TextFile) -> bool:
    """Tell a tab-separated file with CSV's quotes, as Excel and pandas write it, from titles with quotes.

    The quotes must come in pairs around whole cells. Those of an open title would swallow tabs; a line feed
    or doubled quotes between them, UTF-16, which is Excel's, or a column with quotes around every cell, its
    name too, say that they are no part of the text.
    """
    lines = [line for _, line in islice(file.lines(), SAMPLE)]
    if not any(line.startswith('"') or '\t"' in line for line in lines):
        return False
    rows = [cells for _, cells in islice(csv_rows(file.lines(), "\t"), SAMPLE) if cells]
    cells = [cell for row in rows if isinstance(row, list) for cell in row]
    if not all(isinstance(row, list) for row in rows) or any("\t" in cell for cell in cells):
        return False
    width, usual = Counter(map(len, rows)).most_common(1)[0]
    alike = width > 1 and usual > MOST * len(rows)
    lines_within = any("\n" in cell for cell in cells)
    return alike and (file.encoding == "utf-16" or lines_within or doubled(lines) or all_quoted(lines))


def is_csv_cell(text: str) -> bool:
    """Tell a cell in quotes, with each quote within doubled, as CSV has it, from a title in quotes."""
    within = text[1:-1] if text[:1] == '"' == text[-1:] else ""
    return '""' in within and '"' not in within.replace('""', "") and len(within) > 2


def all_quoted(lines: Sequence[str]) -> bool:
    """Tell whether some column has quotes around every cell, from the first row on."""
    rows = [line.removesuffix("\n").split("\t") for line in lines if line.strip()]
    columns = zip(*rows, strict=False)
    return len(rows) > 1 and any(all(map(QUOTED.fullmatch, column)) for column in columns)


def doubled(lines: Sequence[str]) -> bool:
    """Tell whether quotes in a cell are doubled, and no cell has quotes without being quoted itself."""
    cells = [cell for line in lines if '"' in line for cell in line.split("\t") if '"' in cell]
    return any('""' in cell for cell in cells) and all(cell.startswith('"') for cell in cells)


class Feed:
    """Hands lines to a CSV reader and remembers those of the row that it is at."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._waiting: deque[Line] = deque()
        self.row: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        while len(self.row) < LONGEST_CELL:
            line = self._waiting.popleft() if self._waiting else next(self._lines, None)
            if line is None:
                return
            self.row.append(line)
            yield line[1]

    def step_back(self) -> None:
        """Read again from the second line of the row that failed."""
        self._waiting.extendleft(reversed(self.row[1:]))
        self.row = []


def csv_rows(lines: Iterable[Line], separator: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (first line, cells) of each row, or what is wrong with the row.

    A quote that is not closed within a thousand lines costs its own line and not the rest of the file.
    """
    csv.field_size_limit(CSV_BYTES)
    feed = Feed(lines)
    rows = csv.reader(feed, delimiter=separator, strict=True)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield feed.row[0][0], str(error)
            feed.step_back()
            rows = csv.reader(feed, delimiter=separator, strict=True)
            continue
        first, feed.row = feed.row[0][0], []
        yield first, cells
