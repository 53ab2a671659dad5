"""Splits plain text into words as the training data had them, with the place of each, for prediction."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self  # an export must run on Python 3.10, which has none

CHARACTER = re.compile(r"\S")
MARK = "\u0301"  # stands for every combining mark while words are looked for
JOINERS = "\u00ad\u200c\u200d"  # a soft hyphen and two signs that nobody sees: no border of a word
WORD = rf"\w[\w{MARK}]*"
SIGN = rf"[^\w\s]{MARK}*"
INITIALS = r"(?:[^\W\d_]\.){2,}(?!\w)"  # U.S.
ENDING = r"['’](?:s|re|ve|ll|d|m)(?!\w)"  # of Germany's, a word by itself
INNER = re.compile(r"(?<=\w)[.'’&-](?=\w)|^['’](?=\w)|(?<=\d)[,:/](?=\d)")
NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{6,}")


class Words(list[str]):
    """The words of a line; places are their first and last character (not included).

    inner lists the signs that words have within them: with ".-" U.S. and Jean-Pierre are one word each.
    """

    def __init__(self, line: str, *, characters: bool, inner: str = "") -> None:
        self.line = line
        found = CHARACTER.finditer(line) if characters else pattern(inner).finditer(with_one_mark(line))
        self.places = [one.span() for one in found]
        super().__init__(line[start:end] for start, end in self.places)

    @classmethod
    def given(cls, words: Sequence[str], line: str) -> Self:
        """Take the words of a line as somebody else has split it."""
        made, at = cls("", characters=True), 0
        for word in words:
            start = line.index(word, at)
            at = start + len(word)
            made.append(word)
            made.places.append((start, at))
        made.line = line
        return made


@cache
def pattern(inner: str) -> re.Pattern[str]:
    """Say what a word is: letters and digits, joined by the inner signs, or one other sign."""
    between = "".join(one for one in inner.replace("'", "'’") if one in ".'’&-")
    in_numbers = "".join(one for one in inner if one in ",:/")
    joints = [rf"(?!(?i:{ENDING}))[{re.escape(between)}]"] if between else []
    joints += [rf"(?<=\d)[{in_numbers}](?=\d)"] if in_numbers else []
    first = f"(?:{INITIALS}|{WORD})" if "." in inner else WORD
    word = first + (f"(?:(?:{'|'.join(joints)}){WORD})*" if joints else "")
    ending = [rf"(?<=\w)(?i:{ENDING})"] if "'" in inner else []
    return re.compile("|".join([*ending, word, SIGN]))


def with_one_mark(line: str) -> str:
    """Write every combining mark as the same one, so that a pattern can name it; nothing moves."""
    if line.isascii():
        return line
    return "".join(MARK if one in JOINERS or category(one).startswith("M") else one for one in line)


def inner_signs(sentences: Iterable[list[str]]) -> str:
    """List the signs that the data has within words: "'-." where it has O'Neill, Jean-Pierre and U.S."""
    words = (word.replace("’", "'") for sentence in sentences for word in sentence)
    return "".join(sorted({sign for word in words for sign in INNER.findall(word)}))


def by_characters(sentences: Iterable[list[str]]) -> bool:
    """Tell whether the data has a character a word, as Chinese data has: nine of ten words are that short."""
    words = [word for sentence in sentences for word in sentence]
    return sum(len(word) == 1 for word in words) > 0.9 * len(words)
