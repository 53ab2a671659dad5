"""What a task says about itself; the rest asks this; only options and verbs know its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from finetune.batching import TokenRows
    from finetune.data.corpus import Corpus
    from finetune.data.labels import LabelSet
    from finetune.data.pieces import Chunk
    from finetune.data.shape import Shape
    from finetune.data.tokens import Encoded, RowEncoding
    from finetune.options import Settings
    from finetune.report.sections import Section

Metrics = dict[str, float]
LOWER_IS_BETTER = {"loss", "perplexity", "calibration_error", "hamming_loss"}
HEAD = "finetune_head"  # a module of this name in a model is the task's own: trained with it, saved beside it


@dataclass(frozen=True)
class TaskSpec:
    """What a training starts from: the task's name, the shape of the rows, and how the task is made."""

    name: str
    shape: Shape
    make: Callable[[Settings, Corpus], Task]


class Task(Protocol):
    """One kind of job."""

    @property
    def name(self) -> str:
        """What the command line calls it."""

    @property
    def shape(self) -> Shape:
        """What its rows look like."""

    @property
    def pipeline_tag(self) -> str:
        """What the hub calls this kind of job."""

    @property
    def labels(self) -> LabelSet:
        """The label names."""

    @property
    def main_metric(self) -> str:
        """The metric that chooses the best checkpoint."""

    @property
    def metric_names(self) -> tuple[str, ...]:
        """What metrics() measures."""

    def adapt(self, tokenizer: PreTrainedTokenizerBase) -> str:
        """Set an encoder's tokenizer up for a training, which saves it with the model; say what was done."""

    def encoding(self, tokenizer: PreTrainedTokenizerBase) -> RowEncoding:
        """Say how rows become token ids and label ids."""

    def measured(self, train: Encoded) -> Task:
        """Settle what the tokenised training rows decide; or return itself."""

    def build(self, encoder: str, attention: str) -> PreTrainedModel:
        """Load the encoder and put the head on it."""

    def view(self, encoded: Encoded, step: int | None = None) -> TokenRows:
        """Show the rows as the model reads them at this step, or as it reads them in every evaluation."""

    def targets(self, encoded: Encoded, index: NDArray[np.int64]) -> torch.Tensor:
        """Make the label tensor of a batch."""

    def loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Sum the loss over the texts of a batch; the loop divides by the texts of the step."""

    def metrics(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Metrics:
        """Measure logits (one array per encoded row, in order) against the labels."""

    def sections(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> list[Section]:
        """Return what the report shows beyond the metrics."""

    def tuned(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Task:
        """Settle what the validation rows decide after training, such as thresholds; or return itself."""

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[dict[str, Any]]:
        """Answer for each text; the chunk says which text each array of logits belongs to."""

    def texts(self, lines: Sequence[Any]) -> list[Any]:
        """Make of plain lines, or of Words where the task reads those, what encode() takes."""

    def save_head(self, model: PreTrainedModel, folder: Path) -> None:
        """Write what of the head the Hugging Face format has no place for."""

    def saved(self) -> dict[str, Any]:
        """Return what prediction must know besides the label names."""


class TaskDefaults:
    """What holds for a task that says nothing else."""

    def adapt(self, tokenizer: PreTrainedTokenizerBase) -> str:
        """The encoder's tokenizer is taken as it is."""
        del tokenizer
        return ""

    def measured(self, train: Encoded) -> Self:
        """Nothing depends on the training rows."""
        del train
        return self

    def view(self, encoded: Encoded, step: int | None = None) -> TokenRows:
        """The model reads the rows as they are."""
        del step
        return encoded

    def tuned(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Self:
        """Nothing is left to settle."""
        del logits, encoded
        return self

    def save_head(self, model: PreTrainedModel, folder: Path) -> None:
        """The Hugging Face format holds all of it."""


@dataclass(frozen=True)
class Prepared:
    """Everything that is ready before a model is loaded."""

    task: Task
    corpus: Corpus
    encoder: str
    encoder_prints: dict[str, str]
    tokenizer: PreTrainedTokenizerBase
    encoded: dict[str, Encoded]
