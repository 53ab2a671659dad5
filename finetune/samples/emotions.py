"""Writes English sentences with several emotions or none: text, tab, comma-separated numbers, tab, id."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from finetune.samples import SEED

if TYPE_CHECKING:
    from pathlib import Path

CLAUSES = {
    "anger": ("this makes me furious", "I have had enough of it", "how dare they do that", "I could scream"),
    "fear": ("I am scared to look", "it keeps me awake at night", "my hands are shaking", "I dread tomorrow"),
    "gratitude": ("thank you so much", "I owe you one", "I really appreciate it", "you saved my day"),
    "joy": ("I am so happy today", "this is wonderful news", "we danced all evening", "I love every minute"),
    "sadness": (
        "I miss her every day",
        "my heart is heavy",
        "I cried on the train",
        "it feels so empty here",
    ),
    "surprise": (
        "I never saw that coming",
        "wait, what happened",
        "I can hardly believe it",
        "well, that is new",
    ),
}
PLAIN = (
    "the shop opens at nine",
    "we met on Monday",
    "it is on the second page",
    "they moved to a new office",
)
SETTINGS = ("after the meeting", "about the match", "with the neighbours", "at my sister's", "in this thread")
JOINS = ("{0}, {2}", "{0} and {1}, {2}", "{1} but {0}, {2}", "{2}: {0}; {1}")
SHARES = (0.7, 0.85)


def sentences() -> list[tuple[str, tuple[str, ...]]]:
    """Put every sentence together: (text, its emotions)."""
    one = [
        (f"{clause}, {place}", (name,))
        for name, clauses in CLAUSES.items()
        for clause, place in product(clauses, SETTINGS)
    ]
    two = [
        (join.format(a, b, place), (first, second))
        for (first, second), join in product(permutations(CLAUSES, 2), JOINS[1:])
        for a, b, place in zip(CLAUSES[first], CLAUSES[second], SETTINGS, strict=False)
    ]
    none = [(f"{fact}, {place}", ()) for fact, place in product(PLAIN, SETTINGS)]
    return [*one, *two, *none]


def write_emotions(folder: Path) -> Path:
    """Write train.tsv, dev.tsv, test.tsv and labels.txt; a sentence without an emotion is neutral."""
    folder.mkdir(parents=True, exist_ok=True)
    names, everything = [*sorted(CLAUSES), "neutral"], sentences()
    rows = []
    for number in np.random.default_rng(SEED).permutation(len(everything)):
        text, held = everything[number]
        numbers = ",".join(str(names.index(one)) for one in sorted(held) or ["neutral"])
        rows.append(f"{text}\t{numbers}\ts{number:04d}\n")
    first, second = (round(len(rows) * share) for share in SHARES)
    for name, lines in {"train": rows[:first], "dev": rows[first:second], "test": rows[second:]}.items():
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    (folder / "labels.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder
