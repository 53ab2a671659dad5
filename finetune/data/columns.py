"""Finds which column is the text and which the label: by name, else by looking at the values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from finetune.data.cells import as_label, as_text, flag_columns, join_names, no_text, split_names
from finetune.data.width import fold
from finetune.errors import ColumnError, DataError, Problem, RequestError
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finetune.data.records import Table, Values

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
PROSE = re.compile(r"\s|[\u3040-\u30ff\u3400-\u9fff]")
HINTS = {
    "__label__": r"sed -E 's/^__label__(\S+) +/\1\t/' makes two columns of fastText's lines",
    "<!doctype": "download the file itself, this is a web page",
    "<html": "download the file itself, this is a web page",
}


@dataclass(frozen=True)
class Columns:
    """The names of the two columns that matter; label is None where a file holds texts only.

    Flags are columns of 0 and 1, one for each label, whose names label then joins. Doubts say what else might
    have been meant.
    """

    text: str
    label: str | None
    flags: tuple[str, ...] = ()
    doubts: tuple[str, ...] = field(default=(), compare=False, repr=False)


def header_test(text: str | None, label: str | None) -> Callable[[list[list[str]]], bool]:
    """Make the test of the first rows: a header names a column that we know or the user named, or numbers.

    A number names a column of a file without a header, where the same number may also be a label. A name
    that we know is none where it stands in its column again: "news" may be a label, and so may "y". Where
    both columns are named by numbers, only names that we know in both of them are a header.
    """
    given = (text, label, *split_names(label))
    named = {one.casefold() for one in given if one and not one.isdecimal()}
    numbers = [one for one in (text, *split_names(label)) if one and one.isdecimal()]
    by_number = text is not None and len(numbers) > 1 and not named

    def has_header(rows: list[list[str]]) -> bool:
        first, *below = [[plain_name(cell) for cell in row] for row in rows]
        others = [row for row in below if row != first]  # a header again, where files were put together
        known = {at: cell for at, cell in enumerate(first) if cell in TEXT_NAMES or cell in LABEL_NAMES}
        again = {at for at, cell in known.items() if any(cell == row[at] for row in others if at < len(row))}
        sure = {at: cell for at, cell in known.items() if at not in again}
        if by_number and sure and set(numbers).isdisjoint(first):
            sure = sure if are_names(numbers, sure) else {}
        return not named.isdisjoint(first) or bool(sure) or names_numbers(first, below)

    return has_header


def are_names(numbers: list[str], known: dict[int, str]) -> bool:
    """Tell whether the text's column has the name of a text, and the label's, or each, that of a label."""
    text, *labels = [known.get(int(one) - 1, "") for one in numbers]
    return text in TEXT_NAMES and all(one in LABEL_NAMES for one in labels)


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


def find_columns(
    table: Table, text: str | None, label: str | None, *, labelled: bool = True, several: bool = False
) -> Columns:
    """Choose the columns; what the user named must be there, and several labels may have a column each."""
    named = named_column(table, "--text-column", text)
    flags = listed_columns(table, label) if several else ()
    label = None if flags else named_column(table, "--label-column", label)
    if named is not None and named == label:
        raise RequestError(f"--text-column and --label-column are both {text}; name one column for each")
    must_stand_once(table, (named, label, *flags))
    rows = [one.values for one in islice(table.records(), SAMPLE_ROWS) if one.problem is None]
    others = [one for one in table.columns if one != label and one not in flags]
    chosen = named or by_name(others, TEXT_NAMES) or longest(others, rows) or table.columns[0]
    must_stand_once(table, (chosen,))
    if not labelled:
        return Columns(chosen, None)
    rest = [one for one in table.columns if one != chosen]
    if not rest:
        raise DataError(one_column(table, rows))
    if flags:
        return Columns(chosen, join_names(flags), flags)
    found = with_label(chosen, label, rest, rows, several=several)
    must_stand_once(table, (found.label, *found.flags))
    return found if named else replace(found, doubts=(*other_texts(chosen, rest, rows), *found.doubts))


def with_label(
    text: str, label: str | None, rest: list[str], rows: list[Values], *, several: bool
) -> Columns:
    """Choose the column of the label, or of each, among all but the text's."""
    known = label or by_name(rest, LABEL_NAMES)
    found = known or fewest_values(rest, rows)
    alike = flag_columns(rest, rows)
    flags = alike if found in alike and len(alike) > 1 else ()
    if several and flags:
        return Columns(text, join_names(flags), flags)
    if label:
        return Columns(text, label)
    twin = or_else("label", found, twins(found, rest, rows))
    return Columns(text, found, doubts=twin if known else other_labels(found, rest, rows, flags))


def named_column(table: Table, option: str, name: str | None) -> str | None:
    """Find a column that was named, capitals aside."""
    if name is None or name in table.columns:
        return name
    found = [one for one in table.columns if one.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    message = f"{option} {name}: {table.path} has no such column; accepted: {', '.join(table.columns)}"
    raise ColumnError(message, table.path, table.columns, header=table.header)


def must_stand_once(table: Table, names: Sequence[str | None]) -> None:
    """Refuse a column that is to be read where another one has the same name."""
    for name in names:
        if name is not None and table.columns.count(name) > 1:
            found, line = f"the column '{name}' twice", 1 if table.header else None
            raise DataError(Problem(table.path, line, found, "each name once", "rename one of them"))


def listed_columns(table: Table, label: str | None) -> tuple[str, ...]:
    """Take the columns, one for each label, that are named with commas between: toxic,obscene."""
    names = () if label is None or label in table.columns else split_names(label)
    found = (named_column(table, "--label-column", one) for one in names if len(names) > 1)
    return tuple(one for one in found if one is not None)


def one_column(table: Table, rows: list[Values]) -> Problem:
    """Say that there is a text or a label, but not both, and show it."""
    first = table.columns[0] if table.header or not rows else as_text(rows[0].get(table.columns[0]))
    todo = next((one for mark, one in HINTS.items() if first.casefold().startswith(mark)), None)
    todo = todo or "add the label's column, with a tab or a comma between"
    return Problem(table.path, 1, f"1 column: {shorten(first)}", "a text and a label in each row", todo)


def by_name(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Take the first well-known name that is among the columns; as we write it, if there are two."""
    folded = {one.casefold(): one for one in reversed(columns)} | {one: one for one in columns}
    return next((folded[name] for name in names if name in folded), None)


def longest(columns: Sequence[str], rows: list[Values]) -> str | None:
    """Take the column whose values are longest, numbers last: that is the text."""

    def rank(column: str) -> tuple[bool, int]:
        values = texts_in(column, rows)
        return not all(value.isdecimal() or not value for value in values), sum(map(len, values))

    return max(columns, key=rank, default=None)


def texts_in(column: str, rows: list[Values]) -> list[str]:
    """Take the cells of a column, blanks for lists and whatever else is no text."""
    return ["" if no_text(cell) else as_text(cell) for cell in (row.get(column) for row in rows)]


def fewest_values(columns: Sequence[str], rows: list[Values]) -> str:
    """Take the column with the fewest distinct values: an id has many, a label few, but more than one."""
    distinct = {column: len(filled(column, rows)) for column in columns}
    some = [column for column in columns if distinct[column]]
    return min(label_columns(columns, rows) or some or columns, key=distinct.__getitem__)


def label_columns(columns: Sequence[str], rows: list[Values]) -> list[str]:
    """Find the columns that might be the label: mostly filled, with a few values that come again."""
    found = {column: filled(column, rows) for column in columns}
    return [
        column
        for column, counts in found.items()
        if 2 <= len(counts) <= len(rows) / 2 and 2 * counts.total() >= len(rows)
    ]


def filled(column: str, rows: list[Values]) -> Counter[str]:
    """Count the values of a column that are not blank."""
    counts = Counter(as_label(row.get(column)) for row in rows)
    counts.pop("", None)
    return counts


def other_labels(
    chosen: str, rest: Sequence[str], rows: list[Values], flags: Sequence[str]
) -> tuple[str, ...]:
    """Say which columns might be the label as well as the one that was taken."""
    others = [one for one in flags or label_columns(rest, rows) if one != chosen]
    more = "--multi-label reads each of these columns of 0 and 1 as a label, " if flags else ""
    return or_else("label", chosen, others, more)


def twins(chosen: str, columns: Sequence[str], rows: list[Values]) -> list[str]:
    """Find the columns, not blank, whose name differs from this one's in capitals alone."""
    alike = [one for one in columns if one != chosen and one.casefold() == chosen.casefold()]
    return [one for one in alike if filled(one, rows)]


def or_else(what: str, chosen: str, others: Sequence[str], more: str = "") -> tuple[str, ...]:
    """Say which columns might be meant as well as the one that was taken."""
    if not others:
        return ()
    too = shorten(", ".join(others), 200)
    said = f"warning: column '{chosen}' is taken for the {what}; {too} would do too"
    return (f"{said}; {more}--{what}-column names the one that is meant",)


def other_texts(chosen: str, others: Sequence[str], rows: list[Values]) -> Sequence[str]:
    """Say which column might be the text as well: it has the same name, or holds texts too."""
    alike = twins(chosen, others, rows)
    return or_else("text", chosen, alike) or second_text(chosen, others, rows)


def second_text(chosen: str, others: Sequence[str], rows: list[Values]) -> list[str]:
    """Say which column holds texts too, since pairs of sentences are read as one of them."""
    size = sum(map(len, texts_in(chosen, rows)))
    for column in others:
        values = texts_in(column, rows)
        prose = sum(bool(PROSE.search(one)) and not NUMBERS.fullmatch(one) for one in values)
        if 2 * sum(map(len, values)) >= size and 2 * min(prose, len({*values})) > len(rows):
            why = (
                f"column '{column}' looks like a text too, and only '{chosen}' is read: no pairs of sentences"
            )
            return [f"warning: {why}; --text-column names the one that is meant"]
    return []
