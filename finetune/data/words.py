"""Splits plain text into words as the training data had them, with the place of each, for prediction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WORD = re.compile(r"\w+|[^\w\s]")
CHARACTER = re.compile(r"\S")


class Words(list[str]):
    """The words of a line; places are their first and last character (not included)."""

    def __init__(self, line: str, *, characters: bool) -> None:
        found = list((CHARACTER if characters else WORD).finditer(line))
        super().__init__(one.group() for one in found)
        self.line = line
        self.places = [one.span() for one in found]


def by_characters(sentences: Iterable[list[str]]) -> bool:
    """Tell whether the data has a character a word, as Chinese data has: nine of ten words are that short."""
    words = [word for sentence in sentences for word in sentence]
    return sum(len(word) == 1 for word in words) > 0.9 * len(words)
