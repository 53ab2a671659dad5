"""Finds what answers for a task by the task's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from finetune.answers.classes import OneLabel, SeveralLabels
from finetune.answers.entities import ScoredEntities
from finetune.data.labels import LabelSet
from finetune.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from finetune.answers.classes import Verdict
    from finetune.data.pieces import Chunk, Read, Tokenizer


Answer = dict[str, Any]


@runtime_checkable
class Answerer(Protocol):
    """What a task must say to be answered for."""

    @property
    def labels(self) -> LabelSet:
        """The label names."""

    @property
    def max_length(self) -> int:
        """The longest piece that the model reads, in tokens."""

    def reader(self, tokenizer: Tokenizer) -> Read:
        """Say how texts become token rows, as in training."""

    def texts(self, lines: Sequence[Any]) -> list[Any]:
        """Make of plain lines, or of Words where the task reads those, what the reader takes."""

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[Answer]:
        """Answer for each text; the chunk says which text each array of logits belongs to."""

    def verdicts(self, logits: Sequence[NDArray[np.float32]], chunk: Chunk) -> Iterator[Verdict]:
        """Yield each text's probabilities and what is decided, as numbers."""

    def facts(self) -> dict[str, Any]:
        """Name what must be known to answer, besides the label names."""


KINDS: dict[str, Callable[[LabelSet, Mapping[str, Any]], Answerer]] = {
    "classify": OneLabel.from_facts,
    "multi-label": SeveralLabels.from_facts,
    "tag": ScoredEntities.from_facts,
}


def must_answer(task: Any, folder: Path, done: str) -> Answerer:  # noqa: ANN401 - any task
    """Refuse a task without answers that people read; done is what was asked for, such as served."""
    if not isinstance(task, Answerer):
        raise RequestError(
            f"{folder}: the task is {task.name}; {done} are: {', '.join(KINDS)}. Fine-tune it first"
        )
    return task


def answerer(facts: Mapping[str, Any]) -> Answerer:
    """Set up what answers from the facts that an export carries."""
    labels = LabelSet(tuple(facts["labels"]), bool(facts["numbered"]))
    return KINDS[facts["task"]](labels, facts)
