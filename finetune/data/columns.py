"""Finds which column is the text and which the label: by name, else by looking at the values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from finetune.data.width import fold
from finetune.errors import DataError, Problem, RequestError, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finetune.data.records import Record, Table

TEXT_NAMES = (
    "text", "sentence", "content", "title", "review", "comment", "document", "body", "tweet", "headline",
    "news", "文本", "内容", "标题", "评论", "句子", "正文", "新闻",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "category", "class", "target", "sentiment", "topic", "emotion", "emotions", "rating",
    "stars", "score", "y", "标签", "类别", "分类", "情感", "类型", "评分", "星级", "打分",
)  # fmt: skip
SAMPLE_ROWS = 200
ROWS_SURE = 5  # so many numbers below a word are no chance
NUMBERS = re.compile(r"[\d\s.,;:/+-]+")


@dataclass(frozen=True)
class Columns:
    """The names of the two columns that matter; label is None where a file holds texts only."""

    text: str
    label: str | None


def header_test(text: str | None, label: str | None) -> Callable[[list[list[str]]], bool]:
    """Make the test of the first rows: a header names a column that we know or the user named, or numbers.

    A number names a column of a file without a header, where the same number may also be a label. A name
    that we know is none where it stands in its column again: "news" may be a label, and so may "y".
    """
    named = {one.casefold() for one in (text, label) if one and not one.isdecimal()}

    def has_header(rows: list[list[str]]) -> bool:
        first, *below = [[plain_name(cell) for cell in row] for row in rows]
        others = [row for row in below if row != first]  # a header again, where files were put together
        known = {at: cell for at, cell in enumerate(first) if cell in TEXT_NAMES or cell in LABEL_NAMES}
        again = {at for at, cell in known.items() if any(cell == row[at] for row in others if at < len(row))}
        return not named.isdisjoint(first) or bool(known.keys() - again) or names_numbers(first, below)

    return has_header


def names_numbers(first: list[str], below: list[list[str]]) -> bool:
    """Tell whether a word stands above a column of numbers: stars above 4, 2, 5, 1, 3."""
    for at, cell in enumerate(first):
        values = [row[at] for row in below if len(row) == len(first) and row[at]]
        sure = len(values) >= max(ROWS_SURE, len(below) / 2)
        if sure and any(map(str.isalpha, cell)) and all(map(NUMBERS.fullmatch, values)):
            return True
    return False


def plain_name(cell: str) -> str:
    """Write a column's name as we know it."""
    return fold(cell).strip().strip('"').casefold()


def find_columns(table: Table, text: str | None, label: str | None, *, labelled: bool = True) -> Columns:
    """Choose the columns; what the user named must be there."""
    for named, name in (("--text-column", text), ("--label-column", label)):
        if name is not None and name not in table.columns:
            accepted = ", ".join(table.columns)
            raise RequestError(f"{named} {name}: {table.path} has no such column; accepted: {accepted}")
    if text is not None and text == label:
        raise RequestError(f"--text-column and --label-column are both {text}; name one column for each")
    sample = [one for one in islice(table.records(), SAMPLE_ROWS) if one.problem is None]
    others = [one for one in table.columns if one != label]
    text = text or by_name(others, TEXT_NAMES) or longest(others, sample)
    if not labelled:
        return Columns(text or table.columns[0], label or by_name(table.columns, LABEL_NAMES))
    rest = [one for one in table.columns if one != text]
    label = label or by_name(rest, LABEL_NAMES) or fewest_values(rest, sample)
    if text is None or label is None:
        found = f"1 column: {shorten(table.columns[0])}"
        raise DataError(
            Problem(table.path, 1, found, "a text and a label in each row", "add the label's column")
        )
    return Columns(text, label)


def by_name(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Take the first well-known name that is among the columns."""
    folded = {one.casefold(): one for one in columns}
    return next((folded[name] for name in names if name in folded), None)


def longest(columns: Sequence[str], sample: list[Record]) -> str | None:
    """Take the column whose values are longest, numbers last: that is the text."""

    def rank(column: str) -> tuple[bool, int]:
        values = [str(one.values.get(column) or "") for one in sample]
        return not all(value.strip().isdecimal() for value in values), sum(map(len, values))

    return max(columns, key=rank, default=None)


def fewest_values(columns: Sequence[str], sample: list[Record]) -> str | None:
    """Take the column with the fewest distinct values: an id has many, a label few, but more than one."""
    distinct = {column: len({str(one.values.get(column)) for one in sample}) for column in columns}
    labels = [column for column in columns if 2 <= distinct[column] <= len(sample) / 2]
    return min(labels or columns, key=distinct.__getitem__, default=None)
