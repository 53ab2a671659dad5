"""Puts a model and its export side by side: what both say to the same texts, and how fast."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.batching import MemoryRows
from finetune.training.evaluation import predict_logits
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from finetune.export.samples import Sample, Subject
    from finetune.runtime.engine import Runtime

    Run = Callable[[Sequence[Sequence[int]]], list[NDArray[np.float32]]]

TIMED = 20  # texts whose median is the latency


@dataclass(frozen=True)
class Tolerance:
    """How far an export may be from its model.

    difference is that of any probability, mean the mean of each text's largest; agreement is the share of
    equal answers, points the loss of the task's main metric.
    """

    difference: float
    mean: float
    agreement: float
    points: float


@dataclass(frozen=True)
class Answers:
    """What one of the two says to the sample."""

    probabilities: list[NDArray[np.float64]]
    chosen: list[tuple[int, ...]]
    metric: float | None
    milliseconds: float


@dataclass(frozen=True)
class Verdict:
    """What came out of the comparison; wrong lists what is beyond the tolerance."""

    figures: dict[str, Any]
    wrong: list[str]


def of_model(subject: Subject, sample: Sample) -> Answers:
    """Ask the model."""
    predictor = subject.predictor

    def run(ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        return predict_logits(predictor.model, MemoryRows(ids), predictor.device, predictor.max_tokens)

    return judged(subject, sample, run(sample.chunk.input_ids), run)


def of_export(subject: Subject, sample: Sample, runtime: Runtime) -> Answers:
    """Ask the export; the model's own task judges what it says."""
    return judged(subject, sample, runtime.logits(sample.chunk), runtime.run)


def judged(subject: Subject, sample: Sample, logits: list[NDArray[np.float32]], run: Run) -> Answers:
    """Judge the logits, and time single texts."""
    task, labelled = subject.predictor.task, sample.encoded
    found = list(subject.answerer.verdicts(logits, sample.chunk))
    metric = None if labelled is None else task.metrics(logits, labelled)[task.main_metric]
    seconds = median(timed(run, one) for one in sample.chunk.input_ids[:TIMED])
    return Answers([one for one, _ in found], [one for _, one in found], metric, 1000 * seconds)


def timed(run: Run, ids: Sequence[int]) -> float:
    """Measure one text by itself."""
    started = time.perf_counter()
    run([ids])
    return time.perf_counter() - started


def compare(before: Answers, after: Answers, sample: Sample, name: str, allowed: Tolerance) -> Verdict:
    """Measure how far the two are apart; name is that of the metric."""
    pairs = list(zip(before.probabilities, after.probabilities, strict=True))
    apart = [float(np.abs(one - two).max()) for one, two in pairs]
    same = [one == two for one, two in zip(before.chosen, after.chosen, strict=True)]
    figures: dict[str, Any] = {
        "largest_difference": max(apart),
        "mean_difference": float(np.mean(apart)),
        "agreement": sum(same) / len(same),
        "latency_ms": {"before": before.milliseconds, "after": after.milliseconds},
    }
    wrong = beyond(figures, allowed)
    if wrong and not all(same):
        text = sample.texts[list(dict.fromkeys(sample.chunk.rows))[same.index(False)]]
        wrong.append(f"the first text with another answer is {shorten(text)}")
    if before.metric is not None and after.metric is not None:
        figures[name] = {"before": before.metric, "after": after.metric}
        if not (before.metric - after.metric) * 100 <= allowed.points + 1e-9:
            lost = f"{name} {before.metric:.4f} became {after.metric:.4f}"
            wrong.append(f"{lost}, accepted is a loss of {allowed.points:g} points")
    return Verdict(figures, wrong)


def beyond(figures: dict[str, Any], allowed: Tolerance) -> list[str]:
    """Say which figures are beyond the tolerance; one that is no number is."""
    largest, mean, share = (figures[n] for n in ("largest_difference", "mean_difference", "agreement"))
    checks = (
        (largest <= allowed.difference, f"differ by up to {largest:.2g}, accepted is {allowed.difference:g}"),
        (mean <= allowed.mean, f"differ by {mean:.2g} on average, accepted is {allowed.mean:g}"),
    )
    wrong = [f"probabilities {said}" for fine, said in checks if not fine]
    if share < allowed.agreement:
        wrong.append(
            f"the same answer to {share:.1%} of the texts, accepted is {allowed.agreement:.1%} and more"
        )
    return wrong


def same_tokens(sample: Sample, runtime: Runtime) -> list[str]:
    """Check that the folder's tokenizer reads the texts as training did."""
    found = runtime.read(sample.texts, [None] * len(sample.texts))
    if found.rows == sample.chunk.rows:
        pairs = zip(found.input_ids, sample.chunk.input_ids, found.rows, strict=True)
        other = next((row for ours, theirs, row in pairs if ours != theirs), None)
        if other is None:
            return []
        return [f"the tokenizer in the folder reads another text in {shorten(sample.texts[other])}"]
    return ["the tokenizer in the folder cuts the texts into other pieces"]
