"""Says what looks like a mistake in data that can be read, such as a class that is spelled in two ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from finetune.data.numbers import different, disputed
from finetune.wording import counted, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from finetune.data.labels import LabelSet
    from finetune.data.shape import Shape
    from finetune.data.split import Split
    from finetune.data.store import Meta

MOST_ROWS = 3_000_000  # two seconds; finetune inspect looks through any number


def quote_notes(rows: Meta) -> list[str]:
    """Say how many texts have CSV's quotes in a tab-separated file whose first lines spoke against them."""
    count = rows["in_quotes"]
    if not count or "tab" not in rows["formats"]:
        return []
    stand = counted(count, "text stands", "texts stand")
    why = f"{stand} in quotes with doubled quotes within, as CSV writes them, and the quotes are read as text"
    return [f"warning: {why}; give the file a name that ends in .csv if they are none"]


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
