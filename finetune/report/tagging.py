"""The report's parts for tagged sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.data.tags import Span, spans
from finetune.report.sections import MISTAKES_SHOWN, Section, table
from finetune.tag_metrics import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finetune.data.corpus import Split

Judged = tuple[int, list[str], list[str]]


def tagging_sections(split: Split, kinds: Sequence[str], judged: Sequence[Judged]) -> list[Section]:
    """Report each type and the sentences with the most mistakes."""
    tally = Tally()
    for _, truth, guess in judged:
        tally.add(truth, guess)
    rows = [(kind, *tally.scores([kind]), tally.actual[kind]) for kind in kinds]
    return [
        Section("types", "Per type", table(("type", "precision", "recall", "F1", "entities"), rows)),
        Section("mistakes", "Sentences with the most mistakes", mistakes(split, judged)),
    ]


def mistakes(split: Split, judged: Sequence[Judged]) -> str:
    """List sentences with what was missed and what was invented."""
    wrong = [(len(set(spans(a)) ^ set(spans(b))), row, a, b) for row, a, b in judged if a != b]
    rows = []
    for _, row, truth, guess in sorted(wrong, key=lambda one: (-one[0], one[1]))[:MISTAKES_SHOWN]:
        place, text = split.at(row)
        missed, invented = set(spans(truth)) - set(spans(guess)), set(spans(guess)) - set(spans(truth))
        rows.append((place, text, listed(missed), listed(invented)))
    return table(("place", "text", "missed (words)", "invented (words)"), rows) if rows else "None."


def listed(entities: set[Span]) -> str:
    """Write entities as type and words: 'LOC 3-5'."""
    ordered = sorted(entities, key=lambda one: (one.start, one.end))
    return ", ".join(f"{one.kind} {one.start + 1}-{one.end}" for one in ordered)
