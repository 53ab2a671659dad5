"""Tag sequences: every usual scheme (BIO, IOB1, BMES, BIOES) read as spans, and spans written as BIO."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OUTSIDE = "O"
TAG = re.compile(r"[BIMESLUW]-.+")
STARTS, SINGLES, ENDS = "BSUW", "SUW", "EL"


@dataclass(frozen=True)
class Span:
    """An entity: words start to end (end not included) of this type."""

    start: int
    end: int
    kind: str


def is_tag(tag: str) -> bool:
    """Tell whether this is a tag of any scheme: O, B-PER, M-LOC."""
    return tag == OUTSIDE or TAG.fullmatch(tag) is not None


def spans(tags: Sequence[str]) -> list[Span]:
    """Read the entities: [B-PER, I-PER, O, S-LOC] are words 0 to 2 a PER and word 3 a LOC.

    An I (or M, E) where nothing of its type is open begins an entity: that is IOB1, and mends broken data.
    """
    found: list[Span] = []
    start, kind = 0, ""
    for at, tag in enumerate([*tags, OUTSIDE]):
        mark, _, name = tag.partition("-")
        if kind and (name != kind or mark in STARTS):
            found.append(Span(start, at, kind))
            kind = ""
        if name and not kind:
            start, kind = at, name
        if kind and mark in SINGLES + ENDS:
            found.append(Span(start, at + 1, kind))
            kind = ""
    return found


def write_bio(entities: Iterable[Span], length: int) -> list[str]:
    """Write entities as BIO tags over so many words: the inverse of spans()."""
    out = [OUTSIDE] * length
    for one in entities:
        out[one.start] = f"B-{one.kind}"
        out[one.start + 1 : one.end] = [f"I-{one.kind}"] * (one.end - one.start - 1)
    return out


def scheme(marks: set[str], sentences: Sequence[Sequence[str]] = ()) -> str:
    """Name the scheme by the marks that occur before the hyphen, and by where a B stands in sentences."""
    if marks & {"M", "E", "S", "L", "U", "W"}:
        return "BMES" if "M" in marks else "BIOES"
    between = any(tag[0] == "I" for tags in sentences for tag in tags) and all(map(is_iob1, sentences))
    return "IOB1" if between or "B" not in marks else "BIO"


def is_iob1(tags: Sequence[str]) -> bool:
    """Tell whether a B stands only where an entity of the same type ends: I-PER B-PER I-PER."""
    return all(tag[0] != "B" or before[1:] == tag[1:] for before, tag in pairwise([OUTSIDE, *tags]))


def bio_tags(kinds: Sequence[str]) -> tuple[str, ...]:
    """List the tags of these types: O, then B and I of each."""
    return (OUTSIDE, *(f"{mark}-{kind}" for kind in kinds for mark in "BI"))
