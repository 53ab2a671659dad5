"""Reads CSV: finds the separator, and goes on behind a row whose quotes are broken."""

from __future__ import annotations

import csv
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Line = tuple[int, str]
SEPARATORS = {",": "a comma", ";": "a semicolon", "|": "a vertical bar", "\t": "a tab"}
LONGEST_CELL = 1000
CSV_BYTES = 1 << 30


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
