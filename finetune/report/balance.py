"""The report's part on the data: how many rows have each label, in every split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from finetune.data.split import label_totals
from finetune.report.bars import MOST_BARS, draw_balance
from finetune.report.sections import Section, escaped, table

if TYPE_CHECKING:
    from finetune.data.corpus import Corpus
    from finetune.data.shape import Shape

UNEVEN = 3.0
ORDER: tuple[str, ...] = ("train", "validation", "test")


def balance_sections(corpus: Corpus, shape: Shape) -> list[Section]:
    """Count the labels of every split; a task without labels has no such part."""
    names = corpus.labels.names
    if not names:
        return []
    splits = [(name, corpus.splits[name]) for name in ORDER if name in corpus.splits]
    found = {name: label_totals(*split.label_codes(shape), corpus.labels) for name, split in splits}
    counts = {split: [of[name] for name in names] for split, of in found.items()}
    rows = [(name, *(of[n] for of in counts.values())) for n, name in enumerate(names)]
    text = "Rows that have the label. " + uneven(counts["train"], names)
    if len(names) > MOST_BARS:
        text += f" The picture shows the {MOST_BARS} most frequent ones."
    totals = {split: len(rows) for split, rows in splits}
    draw = partial(draw_balance, names, counts, totals)
    return [Section("balance", "Labels in the data", text + "\n\n" + table(("label", *counts), rows), draw)]


def uneven(counts: list[int], names: tuple[str, ...]) -> str:
    """Say whether the labels are balanced, and what helps where they are not."""
    most, least = max(counts), min(counts)
    if least and most / least < UNEVEN:
        return f"The most frequent one occurs {most / least:.1f} times as often as the rarest."
    rare, common = (escaped(names[counts.index(one)]) for one in (least, most))
    times = f"{most / max(1, least):,.0f} times as often as"
    often = f"{common} occurs {times if least else 'while no training row has'} {rare}"
    return f"They are uneven: {often}. Look at the scores of each label, not at an average alone."
