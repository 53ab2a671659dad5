"""The names of the classes and their numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from finetune.data.lines import open_text
from finetune.data.width import fold
from finetune.errors import DataError, Problem
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from finetune.data.rows import Row

BETWEEN = re.compile(r"[;；、|]|^\[|\]$")


@dataclass(frozen=True)
class LabelSet:
    """Class names in the order of their numbers; numbered says that files may write the number instead.

    Where names are numbers themselves, and other ones, numbered says that files write numbers only. The
    origin is the class file that the names were read from, if there is one.
    """

    names: tuple[str, ...]
    numbered: bool = False
    origin: str = field(default="", compare=False, repr=False)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Numbers by name, and by number where files may write that."""
        by_name = {name: n for n, name in enumerate(self.names)}
        by_number = {str(n): n for n in range(len(self.names))} if self.numbered else {}
        return by_number if self.numbered and self.ambiguous else {**by_number, **by_name}

    @cached_property
    def ambiguous(self) -> bool:
        """Tell whether a name is the number of another class: the names 1 to 5 of the classes 0 to 4."""
        numbers = {str(n): n for n in range(len(self.names))}
        return any(numbers.get(name, n) != n for n, name in enumerate(self.names))

    def meaning(self, label: str) -> str:
        """Write a class number by its name; what is not known stays as it is."""
        return self.names[self.ids[label]] if label in self.ids else label

    def encode(self, row: Row) -> int | Problem:
        """Look up the label of a row, or say what is wrong with it: "3" with a class file is class 3."""
        number = self.ids.get(row.label or "")
        if number is not None:
            return number
        todo = "correct the label" + (", or name another file with --class-file" if self.origin else "")
        return Problem(row.path, row.line, f"the label {shorten(row.label)}", self.accepted, todo)

    @property
    def accepted(self) -> str:
        """Say what a label may be."""
        where = f" in {self.origin}" if self.origin else ""
        numbers = f"a class number from 0 to {len(self.names) - 1}"
        if self.numbered:
            return (
                f"{numbers}, counting lines{where}"
                if self.ambiguous
                else f"{numbers} or one of the class names{where}"
            )
        if self.origin:
            return f"one of the class names{where}"
        return "a label that occurs in the training rows: " + shorten(", ".join(self.names), 200)


def settled(labels: LabelSet, found: Collection[str]) -> tuple[LabelSet, str]:
    """Decide by the labels that occur whether numbers are class numbers or names, and say it.

    With the names 1 to 5 the label 0 can be a number only; without such a label all of them are names.
    """
    if not (labels.numbered and labels.ambiguous):
        return labels, ""
    numbers = {str(n) for n in range(len(labels.names))}
    sure = sorted((numbers & set(found)) - set(labels.names))
    twin = next(name for name in labels.names if name in numbers and labels.names[int(name)] != name)
    if sure:
        why = f"class numbers, counted from 0, since {sure[0]!r} occurs, which is no name"
    else:
        why = "names, since no label occurs that can be a number only"
    said = f"{twin!r} is a class name and also the number of {labels.names[int(twin)]!r}"
    return replace(labels, numbered=bool(sure)), f"warning: {said}; labels are read as {why}"


def read_class_file(path: Path) -> list[str]:
    """Read one name a line; blank lines at the end do not count, a name that stands twice is an error."""
    names: list[str] = []
    for number, line in open_text(path).text_lines():
        name = fold(line).strip()
        if name and name in names:
            todo = "give each class its own name"
            raise DataError(Problem(path, number, f"the name {shorten(name)} again", "each name once", todo))
        names.append(name)
    while names and not names[-1]:
        names.pop()
    if "" in names:
        blank = names.index("") + 1
        todo = "remove or fill the line"
        raise DataError(Problem(path, blank, "a blank line", "a class name on every line", todo))
    return names


def labels_from(found: Iterable[str], path: Path, fewest: int = 2, column: str = "") -> LabelSet:
    """Sort the labels that occur, in this column, numbers by value: {"10", "9"} becomes ("9", "10")."""
    names = sorted(
        set(found), key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
    )
    return checked(LabelSet(tuple(names)), path, fewest, column)


def checked(labels: LabelSet, path: Path, fewest: int, column: str = "") -> LabelSet:
    """Refuse data with too few classes: there is nothing to learn."""
    if len(labels.names) < fewest:
        found = f"one class only: {shorten(labels.names[0])}" if labels.names else "no class"
        todo = f"instead of '{column}' name its column with --label-column" if column else "check the labels"
        raise DataError(Problem(path, None, found, f"{fewest} classes or more", todo))
    return labels


def spelling_notes(names: Sequence[str]) -> list[str]:
    """Name the classes that differ only in what is hard to see, such as capitals or .0 behind a number."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(plain(name), []).append(name)
    twins = [spelled_out(group) for group in groups.values() if len(group) > 1]
    why = "differ only in capitals, white space, invisible signs, the form of a character or .0"
    why += "; each is learned as a class of its own"
    return [f"warning: the classes {shown(twins)} {why}"] if twins else []


def plain(name: str) -> str:
    """Write a name without what may differ by accident: " Very  Good" is "very good", "1.0" is "1"."""
    seen = "".join(one for one in normalize("NFKC", name) if category(one) != "Cf")
    return re.sub(r"^(\d+)\.0+$", r"\1", " ".join(seen.casefold().split()))


def spelled_out(names: Sequence[str]) -> str:
    """List names, by code points where they would be printed alike."""
    alike = len({normalize("NFC", one) for one in names}) < len(names)
    return " and ".join(map(ascii if alike else repr, names))


def several_notes(names: Sequence[str]) -> list[str]:
    """Name also the labels that look like several, where commas alone stand between labels."""
    odd = [repr(name) for name in names if BETWEEN.search(name)]
    why = "read as one label each, since commas alone stand between labels"
    return [*spelling_notes(names), *([f"warning: {shown(odd)}: {why}"] if odd else [])]


def shown(names: Sequence[str]) -> str:
    """List the first of these."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
