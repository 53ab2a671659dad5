"""Reads the cells of a table: a text, a label, several labels, or a 0 or 1 in a column for each label."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from finetune.data.width import fold
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

COMMAS = {",": "\x1f", "，": "\x1e"}  # and what stands for one that is part of a label's name
MARKS = str.maketrans(COMMAS)
TO_COMMAS = str.maketrans({mark: comma for comma, mark in COMMAS.items()})
NO_COMMA = re.compile(r"""['"]\s+['"]""")  # as numpy prints lists, which Python would read as one name
YES, NO = ("1", "1.0", "true"), ("0", "0.0", "false", "")


def written(value: object) -> str:
    """Write a value as text: bytes are UTF-8, and NaN, as pandas writes what is missing, is nothing."""
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def as_text(value: object) -> str:
    """Normalise the white space at the ends only; the tokenizer sees to the rest."""
    return written(value).strip()


def no_text(value: object) -> str | None:
    """Say what a cell holds that is no text."""
    if isinstance(value, (list, tuple, dict)):
        return f"{shorten(value)}, which is no text but a {'dict' if isinstance(value, dict) else 'list'},"
    if isinstance(value, bytes) and "\ufffd" in written(value):
        return f"{shorten(value)}, bytes that are no UTF-8,"
    return None


def as_label(value: object) -> str:
    """Write a label as text: 3, 3.0 (a pandas column with gaps), true, [1, 4] and "Ａ" all occur."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ",".join(as_label(one) for one in value)
    return fold(written(value)).strip()


def as_labels(value: object) -> str:
    """Write a cell of several labels as text, with commas between them; one in a name of a list is marked."""
    found = printed_list(value) if isinstance(value, str) else value
    return join_names(map(as_label, found)) if isinstance(found, (list, tuple)) else as_label(found)


def join_names(names: Iterable[str]) -> str:
    """Put names into one cell; commas within them are marked."""
    return ",".join(one.translate(MARKS) for one in names)


def split_names(cell: object) -> tuple[str, ...]:
    """Take the names out of a cell: "joy, anger" and "joy，anger" are ("joy", "anger")."""
    names = str(cell or "").replace("，", ",").split(",")
    return tuple(one.strip().translate(TO_COMMAS) for one in names if one.strip())


def printed_list(cell: str) -> Any:  # noqa: ANN401 - a list, or the cell itself
    """Read a list as Python prints it, and pandas with it: "['joy', 'anger']"; any other cell stays."""
    bare = cell.strip()
    if not (bare.startswith("[") and bare.endswith("]")) or NO_COMMA.search(bare):
        return cell
    try:
        return ast.literal_eval(bare)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return cell


def flag_columns(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Find the columns that hold nothing but 0 and 1."""
    found = {column: {as_label(row.get(column)).casefold() for row in rows} for column in columns}
    return tuple(one for one, values in found.items() if {""} < values | {""} <= {*YES, *NO})


def flag_names(flags: Sequence[str]) -> tuple[str, ...]:
    """Name the labels by their columns; those of a structure without its name: labels.joy is joy."""
    prefix = flags[0].rpartition(".")[0] + "." if flags else ""
    within = all(one.startswith(prefix) for one in flags)
    return tuple(fold(one.removeprefix(prefix) if within else one).strip() for one in flags)


def flagged(values: Mapping[str, Any], flags: Sequence[str]) -> str:
    """Make a cell of labels of columns of 0 and 1; a ValueError says what is neither."""
    held = []
    for column, name in zip(flags, flag_names(flags), strict=True):
        found = as_label(values.get(column)).casefold()
        if found not in {*YES, *NO}:
            raise ValueError(f"{shorten(found)} in the column '{column}'")
        if found in YES:
            held.append(name)
    return join_names(held)


def as_line(text: str | list[str]) -> str:
    """Write a text for people; words of a tagged sentence are put together again."""
    if isinstance(text, str):
        return text
    return ("" if all(len(one) == 1 for one in text) else " ").join(text)
