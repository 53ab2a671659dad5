"""What a user can set, as frozen dataclasses: one field per option, named as transformers users know them.

The string under a field is its help text; `option()` gives shorter names that the command line also takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from pathlib import Path  # noqa: TC003 - the types of the fields are read at run time
from typing import TYPE_CHECKING, Any, Literal

from finetune.arguments import flag
from finetune.encoders import LIGHT
from finetune.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("classify", "multi-label")  # the tasks that put a text as a whole into classes


def option(default: Any, *aliases: str, only: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Describe a field by its default, further names such as "--epochs", and the tasks that it is for."""
    return field(default=default, metadata={"aliases": aliases, "only": only})


def foreign(kind: type, task: str) -> set[str]:
    """Name the fields that this task has no use for."""
    return {one.name for one in fields(kind) if task not in (one.metadata.get("only") or (task,))}


def refuse_foreign(task: str, *groups: Any) -> None:  # noqa: ANN401 - any of the classes below
    """Refuse what was set for another task: it would change nothing, in silence."""
    for group in groups:
        defaults = {one.name: one.default for one in fields(group)}
        for name in sorted(foreign(type(group), task)):
            found = getattr(group, name)
            given = flag(name) + ("" if found is True else f" {found}")
            require(found == defaults[name], f"{given} has no meaning for the task {task}; leave it out")
        require(
            task in CLASSES or getattr(group, "model_name_or_path", None) != LIGHT,
            f"--encoder {LIGHT} is a classifier, and the task is {task}; give a pretrained encoder: "
            "a folder, a hub name such as bert-base-chinese, or english-small",
        )


def require(holds: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
    """Refuse a setting unless it holds."""
    if not holds:
        raise RequestError(message)


def must_hold(options: object, names: tuple[str, ...], holds: Callable[[float], bool], accepted: str) -> None:
    """Refuse numbers that do not hold; what is absent or a word does."""
    for name in names:
        found = getattr(options, name)
        fits = found is None or isinstance(found, str) or holds(found)
        require(fits, f"{flag(name)} is {found}, accepted: {accepted}")


def above_zero(number: float) -> bool:
    """Tell whether a number is finite and above 0."""
    return 0 < number < math.inf


@dataclass(frozen=True)
class DataOptions:
    """Where the texts are and how to read them."""

    data: Path | None = option(None, "--dataset-name")  # noqa: RUF009 - option() returns a field
    """A folder with train, dev and test files (class.txt beside them), one file, or a hub data set's name."""
    dataset_config_name: str | None = None
    """Which configuration of the hub data set."""
    train_file: Path | None = None
    """The file to train on, where the files do not lie in one folder."""
    validation_file: Path | None = option(None, "--dev-file")  # noqa: RUF009 - option() returns a field
    """The file that chooses the best checkpoint; without one, a share of the training rows is set aside."""
    test_file: Path | None = None
    """The file that is measured once, at the end."""
    class_file: Path | None = option(None, only=(*CLASSES, "tag"))  # noqa: RUF009 - option() returns a field
    """Names of the classes, one a line; line n names class n, counted from 0."""
    text_column: str | None = option(None, only=(*CLASSES, "pretrain"))
    """The column with the text; found by its name or its contents when not given."""
    label_column: str | None = option(None, only=(*CLASSES, "pretrain"))
    """The column with the label; found by its name or its contents when not given."""
    validation_share: float = 0.1
    """Share of the training rows that is set aside when there is no validation file."""
    test_share: float = 0.1
    """Share that is set aside for the test when there is neither a validation nor a test file; 0 for none."""
    drop_shared_texts: bool = False
    """Leave out of training the texts that the validation or test file holds too."""
    max_rows: int | None = option(None, "--max-train-samples")
    """Train on at most this many rows, drawn by the seed."""
    multi_label: bool = option(False, only=CLASSES)  # noqa: FBT003 - option() mirrors field()
    """A text may have several labels or none: with commas between them in the cell, as a list in JSON, or as
    0 or 1 in a column for each label."""
    max_seq_length: int = option(128, "--max-length")
    """Longest text in tokens, [CLS] and [SEP] included; a classifier cuts what is longer and says the share,
    tag and pretrain read it in pieces."""
    long_texts: Literal["head", "head_tail", "windows"] = option("head", only=CLASSES)
    """What a classifier reads of a longer text: its beginning, beginning (a quarter) and end, or all of it in
    windows that overlap, whose logits are averaged."""
    skip_bad_rows: bool = False
    """Go on without the rows that cannot be read; they are counted and listed."""
    cache_dir: Path | None = None
    """Where tokenised data is kept between runs (default: finetune/ beside the Hugging Face cache)."""

    def __post_init__(self) -> None:
        """Check what can be checked without looking at a file."""
        one = (self.data is None) != (self.train_file is None)
        require(one, "give the data once: either --data FOLDER_OR_FILE or --train-file FILE")
        require(
            0 < self.validation_share < 1, f"--validation-share is {self.validation_share}, accepted: 0 to 1"
        )
        require(
            0 <= self.test_share < 1 - self.validation_share,
            f"--test-share is {self.test_share}, accepted: 0 and more, below 1 with --validation-share",
        )
        require(
            self.max_rows is None or self.max_rows > 1, f"--max-rows is {self.max_rows}, accepted: 2 and more"
        )
        require(self.max_seq_length > 2, f"--max-seq-length is {self.max_seq_length}, accepted: 3 and more")


@dataclass(frozen=True)
class ModelOptions:
    """Which encoder to start from."""

    model_name_or_path: str = option("bert-base-chinese", "--encoder", "--model")
    """Hub name, folder, or the alias english-small; light (for classifiers only) means no encoder: embeddings
    learned from the training texts, which train in seconds."""
    head: Literal["crf", "linear"] = option("crf", only=("tag",))
    """crf learns which tag follows which, linear looks at each word for itself."""
    attn_implementation: Literal["auto", "sdpa", "eager"] = "auto"
    """How attention is computed; auto takes sdpa where the encoder has it."""


BATCH_SIZE = 32  # what --batch-size auto means: memory decides how many pass at once, not what is learnt
ABOVE_ZERO = (
    "num_train_epochs",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "learning_rate",
    "max_steps",
    "max_tokens",
    "gpus",
    "nodes",
    "freeze_layers",
)
ZERO_AND_MORE = ("weight_decay", "warmup_steps", "max_grad_norm")
HIGHEST_SEED = (1 << 32) - 1  # that numpy takes
RANGES: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (ABOVE_ZERO, above_zero, "above 0"),
    (ZERO_AND_MORE, lambda one: 0 <= one < math.inf, "0 and more"),
    (("seed",), lambda one: 0 <= one <= HIGHEST_SEED, f"0 to {HIGHEST_SEED}"),
    (("label_smoothing_factor",), lambda one: 0 <= one < 1, "0 to 1"),
    (("layerwise_lr_decay",), lambda one: 0 < one <= 1, "above 0, up to 1"),
    (("mlm_probability",), lambda one: 0 < one < 1, "0 to 1"),
)
COUNTS = ("eval_steps", "save_steps", "save_total_limit", "logging_steps", "early_stopping_patience")


@dataclass(frozen=True)
class TrainingOptions:
    """How to train."""

    num_train_epochs: float = option(3.0, "--epochs")
    """Passes over the training rows."""
    max_steps: int | None = None
    """Stop after this many optimiser steps instead of counting epochs."""
    per_device_train_batch_size: int | Literal["auto"] = option(32, "--batch-size")
    """Texts in each step on one device; how many go through at once is found from memory. auto is 32."""
    gradient_accumulation_steps: int = 1
    """Multiplies the texts in each step: the step sees batch size x this, whatever fits in memory."""
    learning_rate: float = option(5e-5, "--lr")
    """Highest learning rate, reached at the end of the warm-up; for light the default is 3e-3."""
    weight_decay: float = 0.01
    """Decay of weight matrices; biases and layer norms are never decayed."""
    warmup_steps: float = 0.1
    """Below 1 a share of all steps, else a number of steps, over which the learning rate climbs."""
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate falls after the warm-up."""
    layerwise_lr_decay: float = 1.0
    """Each layer below the top learns at this factor of the one above; 1 switches it off."""
    freeze_layers: int | Literal["embeddings", "encoder"] | None = None
    """Keep the embeddings, these and the lowest N layers, or the whole encoder; train what lies above."""
    max_grad_norm: float = 1.0
    """Clip the gradient to this norm; 0 switches clipping off."""
    label_smoothing_factor: float = option(0.0, "--label-smoothing", only=CLASSES)
    """Share of the target spread evenly over all classes."""
    class_weights: Literal["none", "balanced"] = option("none", only=CLASSES)
    """balanced weighs each class by the inverse of its share."""
    mlm_probability: float = option(0.15, only=("pretrain",))
    """Share of the tokens that are masked at each step; evaluation always masks 0.15."""
    whole_word_mask: bool = option(True, only=("pretrain",))  # noqa: FBT003 - option() mirrors field()
    """Mask all pieces of a word or none; --no-whole-word-mask draws single tokens."""
    precision: Literal["auto", "bf16", "fp16", "tf32", "fp32"] = "auto"
    """Number format of the matrix products; auto takes bf16 where the device computes it in hardware."""
    torch_compile: Literal["auto", "on", "off"] = "auto"
    """Compile the model's kernels; auto tries it on a GPU once a run is long enough to pay for it, and keeps
    it if it measures faster."""
    seed: int = 42
    """Seed of the new head, the order of the rows, dropout and splits."""
    deterministic: bool = option(False, "--full-determinism")  # noqa: FBT003 - option() mirrors field()
    """Same seed, same machine, same weights to the bit; somewhat slower on a GPU."""
    gpu_id: int | None = None
    """The GPU, counted from 0; -1 forces the CPU. The default is the first GPU, else the CPU."""
    gpus: int | Literal["all"] | None = None
    """Train on so many GPUs of this machine, or all: a process for each. torchrun does the same."""
    nodes: int = option(1, "--nnodes")
    """Machines that torchrun was started on; a job that fell apart is refused."""
    max_tokens: int | None = None
    """Most tokens, padding included, that go through the model at once (default: what memory holds)."""

    def __post_init__(self) -> None:
        """Check ranges, so that a slip is not found after an hour."""
        for names, holds, accepted in RANGES:
            must_hold(self, names, holds, accepted)
        require(
            self.gpus is None or self.gpu_id is None,
            f"both --gpus {self.gpus} and --gpu-id {self.gpu_id} are given; give one of them",
        )
        require(
            not (self.deterministic and self.torch_compile == "on"),
            "--deterministic and --torch-compile on exclude each other: compiled kernels are chosen by speed",
        )

    @property
    def batch_size(self) -> int:
        """Texts in one step on one device."""
        size = self.per_device_train_batch_size
        return (BATCH_SIZE if size == "auto" else size) * self.gradient_accumulation_steps


@dataclass(frozen=True)
class RunOptions:
    """What the run writes and how often it looks."""

    output_dir: Path | None = None
    """The run folder (default: runs/<task>-<data>-<encoder>); the same command on the same folder resumes."""
    save_path: Path | None = None
    """Copy the finished model here as well, for example models/final/news: into a new folder, or in the place
    of a model that was saved there before."""
    overwrite_output_dir: bool = option(False, "--overwrite")  # noqa: FBT003 - option() mirrors field()
    """Delete what an earlier run left in the run folder and start anew."""
    eval_steps: int | None = None
    """Measure on the validation rows every so many steps (default: at the end of each epoch)."""
    save_steps: int | None = None
    """Write a checkpoint every so many steps (default: at each evaluation)."""
    save_total_limit: int = 2
    """Checkpoints to keep, the newest ones; the best one is kept beside them."""
    logging_steps: int | None = None
    """Write loss and learning rate to TensorBoard every so many steps (default: 100 times a run)."""
    metric_for_best_model: str | None = None
    """The metric that chooses the best checkpoint (default: the task's own)."""
    early_stopping_patience: int | None = None
    """Stop after this many evaluations without a better metric."""

    def __post_init__(self) -> None:
        """Check ranges."""
        must_hold(self, COUNTS, above_zero, "above 0")


@dataclass(frozen=True)
class Settings:
    """Everything one training run is told."""

    data: DataOptions
    model: ModelOptions = field(default_factory=ModelOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    run: RunOptions = field(default_factory=RunOptions)
