"""Writes made-up film reviews, short or long: of the long ones only the last sentences tell what was thought.

They are put together from word lists, so a model that learns them has learned these lists, not English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from finetune.samples import SEED

if TYPE_CHECKING:
    from pathlib import Path

VERDICTS = {
    "negative": (
        "I wanted my money back.",
        "A dull and lifeless evening.",
        "The jokes fall flat, all of them.",
        "Nobody in the room stayed awake.",
        "It is a mess that bored me to tears.",
        "Avoid it.",
    ),
    "positive": (
        "I left the room smiling.",
        "A warm and clever evening.",
        "The jokes land, all of them.",
        "Nobody in the room looked at a watch.",
        "It is a gem that moved me to tears.",
        "Go and see it.",
    ),
}
PLOT = (
    "A lighthouse keeper finds a letter in the storm.",
    "Two sisters inherit a bakery by the canal.",
    "The night train to the coast stops in the snow.",
    "An old clockmaker takes in an apprentice.",
    "A young pilot loses her way over the desert.",
    "The village choir prepares for the spring fair.",
    "Three friends drive north in a borrowed van.",
    "The harbour fills with boats from everywhere.",
)
ROWS = {"train": 480, "test": 120}


def review(name: str, generator: np.random.Generator, *, long: bool) -> str:
    """Put one review together; a long one has eight sentences of plot before the verdict."""
    plot = generator.choice(PLOT, 8 if long else 1, replace=False)
    return " ".join([*plot, *generator.choice(VERDICTS[name], 2, replace=False)])


def write_reviews(folder: Path, *, long: bool = True) -> Path:
    """Write train/ and test/, each with a folder per class and a file per review, as IMDB comes."""
    generator = np.random.default_rng(SEED)
    for split, rows in ROWS.items():
        for name in VERDICTS:
            place = folder / split / name
            place.mkdir(parents=True, exist_ok=True)
            for number in range(rows // len(VERDICTS)):
                text = review(name, generator, long=long)
                (place / f"{number}.txt").write_text(text + "\n", encoding="utf-8")
    return folder
