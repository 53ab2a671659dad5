"""The report's parts for tagged sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from finetune.data.cells import as_line
from finetune.data.tags import spans
from finetune.metrics import binned
from finetune.report.bars import SCORE, draw_grouped, draw_stacked
from finetune.report.pictures import draw_calibration
from finetune.report.sections import MISTAKES_SHOWN, Section, calibration_text, table
from finetune.tag_metrics import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from finetune.data.split import Split
    from finetune.data.tags import Span

ERRORS = ("right", "missed", "wrong type", "wrong border")


@dataclass(frozen=True)
class Tagged:
    """One sentence: its place in the split, the true tags, the predicted ones, and how sure each word was."""

    row: int
    truth: list[str]
    guess: list[str]
    sure: NDArray[np.float64]


def tagging_sections(split: Split, kinds: Sequence[str], judged: Sequence[Tagged]) -> list[Section]:
    """Report each type, the kinds of error, how sure the model was, and the sentences with most mistakes."""
    tally = Tally()
    for one in judged:
        tally.add(one.truth, one.guess)
    scores = {kind: tally.scores([kind]) for kind in kinds}
    rows = [(kind, *scores[kind], tally.actual[kind]) for kind in kinds]
    series = {
        what: [scores[kind][at] for kind in kinds] for at, what in enumerate(("precision", "recall", "F1"))
    }
    bins = confidence_bins(judged)
    return [
        Section(
            "types",
            "Per type",
            table(("type", "precision", "recall", "F1", "entities"), rows),
            partial(draw_grouped, kinds, series, SCORE),
        ),
        errors_section(kinds, judged),
        Section(
            "calibration", "Calibration", calibration_text(bins, "entities"), partial(draw_calibration, bins)
        ),
        Section("mistakes", "Sentences with the most mistakes", mistakes(split, judged)),
    ]


def fate(true: Span, found: Iterable[Span]) -> str:
    """Tell what became of a true entity: right, wrong type, wrong border (they overlap), or missed."""
    close = [one for one in found if one.start < true.end and true.start < one.end]
    if true in close:
        return "right"
    same_place = any((one.start, one.end) == (true.start, true.end) for one in close)
    return "wrong type" if same_place else "wrong border" if close else "missed"


def errors_section(kinds: Sequence[str], judged: Sequence[Tagged]) -> Section:
    """Count what became of the true entities of each type, and the entities found where there is none."""
    fates: Counter[tuple[str, str]] = Counter()
    for one in judged:
        real, found = spans(one.truth), spans(one.guess)
        fates.update((each.kind, fate(each, found)) for each in real)
        fates.update((each.kind, "invented") for each in found if fate(each, real) == "missed")
    columns = (*ERRORS, "invented")
    rows = [(kind, *(fates[kind, what] for what in columns)) for kind in kinds]
    text = (
        "What became of the true entities, and what was found where there is none. Wrong border: the entity "
        "found overlaps the true one, but begins or ends elsewhere.\n\n" + table(("type", *columns), rows)
    )
    series = {what: [float(fates[kind, what]) for kind in kinds] for what in columns}
    return Section("errors", "Kinds of error", text, partial(draw_stacked, kinds, series, "entities"))


def confidence_bins(judged: Sequence[Tagged]) -> list[tuple[float, float, int]]:
    """Group found entities by confidence: (mean confidence, share right, how many) of each bin not empty."""
    found = [
        (float(one.sure[each.start : each.end].mean()), each in real)
        for one in judged
        for real in [set(spans(one.truth))]
        for each in spans(one.guess)
    ]
    confidence = np.array([sure for sure, _ in found])
    right = np.array([hit for _, hit in found], dtype=bool)
    return binned(confidence, right)


def mistakes(split: Split, judged: Sequence[Tagged]) -> str:
    """List sentences with what was missed and what was invented."""
    wrong = [(len(set(spans(one.truth)) ^ set(spans(one.guess))), one) for one in judged]
    ordered = sorted((pair for pair in wrong if pair[0]), key=lambda pair: (-pair[0], pair[1].row))
    rows = []
    for _, one in ordered[:MISTAKES_SHOWN]:
        place, text = split.at(one.row)
        real, found, words = set(spans(one.truth)), set(spans(one.guess)), split.words(one.row)
        rows.append((place, text, listed(real - found, words), listed(found - real, words)))
    return table(("place", "text", "true, not found", "found, not true"), rows) if rows else "None."


def listed(entities: set[Span], words: Sequence[str]) -> str:
    """Write entities as their words and type: '上海 LOC'."""
    ordered = sorted(entities, key=lambda one: (one.start, one.end))
    return ", ".join(f"{as_line(list(words[one.start : one.end]))} {one.kind}" for one in ordered)
