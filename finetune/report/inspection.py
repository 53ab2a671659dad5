"""Writes what was found in a data set for people to read: counts, examples, and lengths as bars of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

SHOWN = 5
LABELS_SHOWN = 40
BARS, BAR_WIDTH = 12, 40


def inspection_lines(found: dict[str, Any], lengths: NDArray[np.int32]) -> Iterator[str]:
    """Write all of it."""
    for split in found["splits"]:
        yield from split_lines(split)
    for pair, texts in found["in two splits"].items():
        stand = counted(texts["count"], "text stands", "texts stand")
        yield from examples(f"{stand} in {pair} both", texts["texts"])
    facts = dict(found["lengths"])
    unit = facts.pop("unit")
    yield f"{unit} of a text in train: " + ", ".join(f"{name} {value:.0f}" for name, value in facts.items())
    yield from bars(lengths)
    shares = ", ".join(f"{limit}: {share:.1%}" for limit, share in found["longer than"].items())
    yield f"longer than {shares}; {found['what happens']}"
    if found["bad rows"]:
        yield "rows that cannot be read"
        yield from (f"      {one}" for one in found["bad rows"][:SHOWN])
        yield "training stops at the first of them: mend them, or pass --skip-bad-rows to go on without them"


def split_lines(split: dict[str, Any]) -> Iterator[str]:
    """Write one split."""
    rows = split["rows"]
    yield f"{split['name']}: {counted(rows, 'row', 'rows')}"
    labels = list(split["labels"].items())
    for label, count in labels[:LABELS_SHOWN]:
        yield f"    {label:<20} {count:>9,}  {count / max(1, rows):6.1%}"
    if len(labels) > LABELS_SHOWN:
        yield f"    and {counted(len(labels) - LABELS_SHOWN, 'more label', 'more labels')}"
    if split["without_label"]:
        yield f"    {'(none of them)':<20} {split['without_label']:>9,}  {split['without_label'] / rows:6.1%}"
    for label, place in split["unknown_labels"].items():
        yield f"  the label {label!r} is unknown to training; it stands at {place}"
    yield f"  {counted(split['duplicates'], 'row repeats', 'rows repeat')} an earlier text"
    conflicts = split["conflicts"]
    have = counted(conflicts["count"], "text has", "texts have")
    yield from examples(f"  {have} other labels in another row", conflicts["texts"])
    bad = counted(split["bad_rows"], "row", "rows")
    yield f"  {bad} cannot be read, {split['empty']:,} of them because the text is empty"
    if split["full_width"]:
        wide = counted(split["full_width"], "text has", "texts have")
        yield f"  {wide} full-width letters or digits, read as half-width"


def examples(title: str, texts: Sequence[str]) -> Iterator[str]:
    """Write a line and some examples under it."""
    yield title
    for one in texts[:SHOWN]:
        shown = " ".join(one.split())
        yield f"      {shown if len(shown) <= 160 else shown[:80] + ' … ' + shown[-77:]}"


def bars(lengths: NDArray[np.int32]) -> Iterator[str]:
    """Draw the lengths as bars of text; the last bar also holds all that is longer."""
    width = max(1, -(-int(np.percentile(lengths, 99)) // BARS))
    counts = np.bincount(np.minimum(np.maximum(lengths - 1, 0) // width, BARS - 1), minlength=BARS)
    for bar, count in enumerate(counts[: int(np.flatnonzero(counts)[-1]) + 1]):
        first, last = bar * width + 1, (bar + 1) * width
        scope = (
            f"{first} and more" if bar == BARS - 1 else f"{first} to {last}" if last > first else f"{first}"
        )
        share = count / len(lengths)
        yield f"    {scope:>14} {'█' * round(BAR_WIDTH * count / counts.max()):<{BAR_WIDTH}} {share:6.1%}"
