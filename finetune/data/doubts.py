"""Says what looks like a mistake in data that can be read, such as a class that is spelled in two ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from finetune.data.numbers import different, disputed
from finetune.errors import counted, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from finetune.data.labels import LabelSet
    from finetune.data.shape import Shape
    from finetune.data.split import Split

MOST_ROWS = 3_000_000  # two seconds; finetune inspect looks through any number
BETWEEN = re.compile(r"[;；、|]|^\[|\]$")


def spelling_notes(names: Sequence[str]) -> list[str]:
    """Name the classes that differ only in capitals, white space or .0 behind a number."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(plain(name), []).append(name)
    twins = [" and ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    why = "differ only in capitals, white space or .0; each is learned as a class of its own"
    return [f"warning: the classes {shown(twins)} {why}"] if twins else []


def plain(name: str) -> str:
    """Write a name without what may differ by accident: " Very  Good" is "very good", "1.0" is "1"."""
    return re.sub(r"^(\d+)\.0+$", r"\1", " ".join(name.casefold().split()))


def several_notes(names: Sequence[str]) -> list[str]:
    """Name also the labels that look like several, where commas alone stand between labels."""
    odd = [repr(name) for name in names if BETWEEN.search(name)]
    why = "read as one label each, since commas alone stand between labels"
    return [*spelling_notes(names), *([f"warning: {shown(odd)}: {why}"] if odd else [])]


def shown(names: Sequence[str]) -> str:
    """List the first of these."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def header_notes(train: Split) -> list[str]:
    """Say where the first row of a file without a header has a label that no other row has."""
    columns, first = train.rows.meta["columns"], train.rows.table.slice(0, 1).to_pylist()[0]
    if columns is None or first["line"] != 1 or not all(one and one.isdecimal() for one in columns):
        return []
    counts = train.label_counts()
    if counts[first["label"]] > 1 or 2 * len(counts) > len(train):
        return []
    text, label = shorten(first["text"]), shorten(first["label"])
    todo = f"if that is a header, pass --text-column {text} --label-column {label}"
    return [f"warning: the label {label} stands in the first row alone; {todo}"]


def conflict_notes(splits: Iterable[Split], labels: LabelSet, shape: Shape) -> list[str]:
    """Say how many texts stand in a split with different labels, unless looking would hold up the start."""
    notes = []
    for split in splits if labels.names else ():
        if len(split) > MOST_ROWS:
            continue
        digests = split.digests()
        if different(digests) == len(digests):
            continue
        codes, cells = split.label_codes(shape)
        named = [tuple(sorted({labels.meaning(one) for one in cell})) for cell in cells]
        count = len(disputed(digests, codes, numbered(named)))
        if count:
            said = f"{counted(count, 'text has', 'texts have')} other labels in another row of {split.name}"
            notes.append(f"warning: {said}; finetune inspect shows them")
    return notes


def numbered(named: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
    """Number the sets of labels, the same set by the same number."""
    numbers = {names: number for number, names in enumerate(dict.fromkeys(named))}
    return np.array([numbers[names] for names in named], np.int64)
