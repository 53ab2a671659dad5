"""Reads entities given by their places in the text, as doccano writes them: [[0, 2, "LOC"]] in "北京很大".

Also as objects (doccano with relations, Label Studio's JSON-MIN), and as CLUENER's objects of lists.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from finetune.data.tags import Span, write_bio
from finetune.data.width import fold
from finetune.data.words import Words
from finetune.errors import Problem
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
PLACES = 'places of entities within the text and apart, such as "label": [[0, 2, "LOC"]]'


def marks_in(values: dict[str, Any]) -> list[Any] | None:
    """Write places that are no lists as lists; None where a row has none of the kinds that are known.

    CLUENER's {"label": {"name": {"叶老桂": [[9, 11]]}}}, whose ends are included, arrives as one key for each
    entity, "label.name.叶老桂", and is [[9, 12, "name"]].
    """
    named = {key: places for key, places in values.items() if key.startswith("label.") and key.count(".") > 1}
    if named or values.get("label") == {}:
        return [until(one, key.split(".")[1]) for key, places in named.items() for one in places or ()]
    found = next((values[key] for key in ("entities", "label", "labels") if key in values), None)
    if isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
        return [as_list(one) for one in found]
    return found if "entities" in values and found == [] else None


def full_export(path: Path, line: int, values: dict[str, Any]) -> Problem | None:
    """Refuse a row of Label Studio's full JSON, where what was annotated stands apart from the text."""
    if not isinstance(values.get("annotations"), list) or not any(one.startswith("data.") for one in values):
        return None
    found, todo = "a row of Label Studio's full JSON", 'export the project again as "JSON-MIN"'
    return Problem(path, line, found, "text and labels side by side", todo)


def until(place: Any, kind: str) -> Any:  # noqa: ANN401 - a JSON value
    """Write first and last character as the place of an entity: [9, 11] is [9, 12, "name"]."""
    numbers = isinstance(place, list) and [type(one) for one in place] == [int, int]
    return [place[0], place[1] + 1, kind] if numbers else [place]


def as_list(mark: dict[str, Any]) -> list[Any]:
    """Write an object with a start, an end and one label as a list."""
    kinds = mark.get("labels")
    kind = kinds[0] if isinstance(kinds, list) and len(kinds) == 1 else mark.get("label", kinds)
    return [mark.get("start_offset", mark.get("start")), mark.get("end_offset", mark.get("end")), kind]


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
