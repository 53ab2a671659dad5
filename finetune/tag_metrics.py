"""Entity figures, strict as seqeval's: an entity counts where its first and last word and type are right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finetune.data.tags import spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAG_METRICS = ("f1", "precision", "recall", "tag_accuracy")


@dataclass
class Tally:
    """Counts of entities by type, and of words."""

    hits: Counter[str] = field(default_factory=Counter)
    predicted: Counter[str] = field(default_factory=Counter)
    actual: Counter[str] = field(default_factory=Counter)
    right_words: int = 0
    words: int = 0

    def add(self, truth: Sequence[str], guess: Sequence[str]) -> None:
        """Count one sentence."""
        real, found = set(spans(truth)), set(spans(guess))
        self.hits.update(one.kind for one in real & found)
        self.predicted.update(one.kind for one in found)
        self.actual.update(one.kind for one in real)
        self.right_words += sum(a == b for a, b in zip(truth, guess, strict=True))
        self.words += len(truth)

    def scores(self, kinds: Iterable[str]) -> tuple[float, float, float]:
        """Compute precision, recall and F1 over these types together."""
        names = list(kinds)
        hits, predicted, actual = (
            sum(one[k] for k in names) for one in (self.hits, self.predicted, self.actual)
        )
        return hits / max(1, predicted), hits / max(1, actual), 2 * hits / max(1, predicted + actual)

    def metrics(self) -> dict[str, float]:
        """Compute the figures over all types."""
        precision, recall, f1 = self.scores({*self.predicted, *self.actual})
        accuracy = self.right_words / max(1, self.words)
        return {"f1": f1, "precision": precision, "recall": recall, "tag_accuracy": accuracy}
