"""Text classification, one label per text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from torch.nn import functional

from finetune.answers.classes import OneLabel
from finetune.answers.pooling import pooled
from finetune.data.shape import ONE_LABEL, Shape
from finetune.data.tokens import Encoded, RowEncoding, tokenizer_key
from finetune.metrics import CLASSIFICATION_METRICS, classification_metrics, softmax
from finetune.pretrained import load_model
from finetune.report.sections import Judged, Section, classification_sections
from finetune.tasks.base import TaskDefaults, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from finetune.data.corpus import Corpus
    from finetune.options import Settings
    from finetune.tasks.base import Metrics


@dataclass(frozen=True)
class Classification(TaskDefaults, OneLabel):
    """Learns to set one of several labels for each text."""

    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    skip_bad_rows: bool = False
    name: str = field(default="classify", init=False)
    shape: Shape = field(default=ONE_LABEL, init=False)
    pipeline_tag: str = field(default="text-classification", init=False)
    main_metric: str = field(default="accuracy", init=False)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """What metrics() measures."""
        return CLASSIFICATION_METRICS

    def encoding(self, tokenizer: PreTrainedTokenizerBase) -> RowEncoding:
        """Read texts as for an answer, and labels as their numbers."""
        key = f"{self.name} {self.max_length} {self.long_texts} {self.labels} {tokenizer_key(tokenizer)}"
        return RowEncoding(key, pa.int32(), self.labels.encode, self.reader(tokenizer), self.skip_bad_rows)

    def build(self, encoder: str, attention: str) -> PreTrainedModel:
        """Put a classification head on the encoder, label names inside."""
        names = dict(enumerate(self.labels.names))
        return load_model("AutoModelForSequenceClassification", encoder, attention, id2label=names)

    def targets(self, encoded: Encoded, index: NDArray[np.int64]) -> torch.Tensor:
        """Give one class number per text; with windows, what each of them counts stands before it."""
        numbers = torch.from_numpy(encoded.numbers[index])
        return self.weighed(encoded, index, numbers[:, None]) if self.windowed else numbers

    def weighed(self, encoded: Encoded, index: NDArray[np.int64], answers: torch.Tensor) -> torch.Tensor:
        """Put what each row counts before its answers; float32 holds class numbers up to 16 million."""
        return torch.cat([torch.from_numpy(encoded.shares[index])[:, None], answers.float()], 1)

    def loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Sum the loss over the texts; the windows of a text share its weight."""
        if self.windowed:
            return (self.losses(logits, targets[:, 1:]) * targets[:, 0]).sum()
        return self.losses(logits, targets).sum()

    def losses(self, logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        """Compute the cross-entropy of each row."""
        weight = weights_on(logits.device, self.class_weights)
        smooth = self.label_smoothing
        return functional.cross_entropy(
            logits, answers.flatten().long(), weight=weight, reduction="none", label_smoothing=smooth
        )

    def metrics(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Metrics:
        """Measure accuracy and the averages over classes."""
        found = pooled(logits, encoded.rows)
        return classification_metrics(found.logits, encoded.numbers[found.first], len(self.labels.names))

    def sections(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> list[Section]:
        """Report per class, confusion, calibration and the hardest mistakes."""
        found = pooled(logits, encoded.rows)
        rows, truth = encoded.rows[found.first], encoded.numbers[found.first]
        judged = Judged(encoded.split, rows, self.labels.names, truth, softmax(found.logits))
        return classification_sections(judged)

    def saved(self) -> dict[str, Any]:
        """Name what prediction must repeat."""
        return self.facts()


def weights_on(device: torch.device, weights: tuple[float, ...]) -> torch.Tensor | None:
    """Copy the weights of the classes to the device without waiting for it."""
    return torch.tensor(weights).to(device, non_blocking=True) if weights else None


def balanced_weights(labels: Sequence[int] | NDArray[np.int64], classes: int) -> tuple[float, ...]:
    """Weigh classes by the inverse of their share: counts 30, 10 give 0.67, 2; an absent class gets 1."""
    counts = np.bincount(np.array(labels), minlength=classes)
    weights = np.where(counts > 0, len(labels) / (classes * np.maximum(counts, 1)), 1.0)
    return tuple(float(one) for one in weights)


def from_settings(settings: Settings, corpus: Corpus) -> Classification:
    """Set the task up from the options and the labels that were found."""
    weights = weights_for(corpus) if settings.training.class_weights == "balanced" else ()
    return Classification(
        corpus.labels,
        max_length=settings.data.max_seq_length,
        long_texts=settings.data.long_texts,
        label_smoothing=settings.training.label_smoothing_factor,
        class_weights=weights,
        skip_bad_rows=settings.data.skip_bad_rows,
    )


def weights_for(corpus: Corpus) -> tuple[float, ...]:
    """Count the classes of the training rows."""
    counts = corpus.splits["train"].label_counts()
    known = [(corpus.labels.ids[one], count) for one, count in counts.items() if one in corpus.labels.ids]
    numbers = np.repeat(*np.array(known).T)
    return balanced_weights(numbers, len(corpus.labels.names))


from_saved = Classification.from_facts
SPEC = TaskSpec("classify", ONE_LABEL, from_settings)
