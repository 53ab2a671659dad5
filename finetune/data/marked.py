"""Reads entities given by their places in the text, as doccano writes them: [[0, 2, "LOC"]] in "北京很大"."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from finetune.data.tags import Span, write_bio
from finetune.data.width import fold
from finetune.data.words import Words
from finetune.errors import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
PLACES = 'places of entities within the text and apart, such as "label": [[0, 2, "LOC"]]'


def is_marked(text: object, marks: object) -> bool:
    """Tell a text with the places of its entities, or with none, from words with tags."""
    return isinstance(text, str) and isinstance(marks, list) and all(isinstance(one, list) for one in marks)


def are_chinese(texts: Iterable[object]) -> bool:
    """Tell whether most of these texts are written without spaces, so that a character is a word."""
    found = [CHINESE.search(str(text)) is not None for text in texts]
    return sum(found) > len(found) / 2


def tagged_words(text: str, marks: list[Any], *, characters: bool) -> tuple[list[str], list[str]]:
    """Cut the text into words and give each its tag; what does not fit is a ValueError that says so."""
    words = Words(text, characters=characters)
    if not words:
        raise ValueError("no word in the text")
    found = sorted((span(words, mark) for mark in marks), key=lambda one: one.start)
    for one, other in pairwise(found):
        if other.start < one.end:
            shown = shorten(" ".join(words[other.start : other.end]))
            raise ValueError(f"two entities that overlap, {one.kind} and {other.kind}, at {shown}")
    return list(words), write_bio(found, len(words))


def span(words: Words, mark: list[Any]) -> Span:
    """Find the words of an entity; white space at its ends does no harm."""
    if [type(one) for one in mark] != [int, int, str] or not mark[2].strip():
        raise ValueError(f"{shorten(mark)}, which is no [start, end, type]")
    start, end, kind = mark
    inside = [at for at, (first, last) in enumerate(words.places) if first < end and last > start]
    if not inside or not 0 <= start < end <= len(words.line):
        raise ValueError(f"{shorten(mark)}, where there is no word of the text")
    if words.places[inside[0]][0] < start or words.places[inside[-1]][1] > end:
        raise ValueError(f"{shorten(mark)}, which begins or ends inside a word")
    return Span(inside[0], inside[-1] + 1, fold(kind).strip())
