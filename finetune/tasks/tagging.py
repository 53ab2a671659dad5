"""Tagging words with entities: linear or CRF head, windows for long sentences, never an illegal sequence."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from finetune.answers.entities import Entities
from finetune.batching import filled
from finetune.crf import Crf, words_first
from finetune.data.conll import TAGGED
from finetune.data.pieces import NOT_WANTED
from finetune.data.tags import bio_tags, spans, write_bio
from finetune.data.tokens import RowEncoding, tokenizer_key
from finetune.data.windowed import keep_spaces
from finetune.data.words import by_characters, inner_signs
from finetune.errors import Problem
from finetune.pretrained import load_model
from finetune.report.tagging import Tagged, tagging_sections
from finetune.tag_metrics import TAG_METRICS, Tally
from finetune.tasks.base import HEAD, TaskDefaults, TaskSpec
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from finetune.data.corpus import Corpus
    from finetune.data.labels import LabelSet
    from finetune.data.rows import Row
    from finetune.data.shape import Shape
    from finetune.data.tokens import Encoded
    from finetune.options import Settings
    from finetune.report.sections import Section
    from finetune.tasks.base import Metrics

CRF_FILE = "crf.safetensors"
SAMPLE = 2000


@dataclass(frozen=True, eq=False)
class Tagging(TaskDefaults, Entities):
    """Learns to find entities."""

    crf: Crf | None = None
    mean_words: float = 1.0
    skip_bad_rows: bool = False
    name: str = field(default="tag", init=False)
    shape: Shape = field(default=TAGGED, init=False)
    pipeline_tag: str = field(default="token-classification", init=False)
    main_metric: str = field(default="f1", init=False)
    metric_names: tuple[str, ...] = field(default=TAG_METRICS, init=False)

    def adapt(self, tokenizer: PreTrainedTokenizerBase) -> str:
        """Words that stood apart are read apart; characters have no spaces between them."""
        return "" if self.characters else keep_spaces(tokenizer)

    def encoding(self, tokenizer: PreTrainedTokenizerBase) -> RowEncoding:
        """Read sentences as for an answer, and tags as their numbers."""
        key = f"{self.name} {self.max_length} {self.tags} {tokenizer_key(tokenizer)}"
        return RowEncoding(
            key, pa.list_(pa.int32()), self.numbers, self.reader(tokenizer), self.skip_bad_rows
        )

    def numbers(self, row: Row) -> list[int] | Problem:
        """Turn a sentence's tags, of whatever scheme, into our numbers."""
        entities = spans(row.label)
        unknown = next((one for one in entities if one.kind not in self.labels.names), None)
        if unknown is not None:
            found = f"the type {shorten(unknown.kind)} at word {unknown.start + 1} of the sentence"
            where = self.labels.origin or "the training sentences"
            accepted = f"a type that occurs in {where}: " + ", ".join(self.labels.names)
            return Problem(row.path, row.line, found, accepted, "correct the tag")
        return [self.tags.index(tag) for tag in write_bio(entities, len(row.label))]

    def measured(self, train: Encoded) -> Self:
        """Count the words that a row answers for on average; a long sentence has several rows."""
        tags = (np.asarray(chunk.flatten()) for chunk in train.labels.chunks)
        words = sum(np.count_nonzero(one != NOT_WANTED) for one in tags)
        return dataclasses.replace(self, mean_words=words / len(train))

    def build(self, encoder: str, attention: str) -> PreTrainedModel:
        """Put a tag head on the encoder, and the CRF beside it."""
        names = dict(enumerate(self.tags))
        model = load_model("AutoModelForTokenClassification", encoder, attention, id2label=names)
        if self.crf is not None:
            if (Path(encoder) / CRF_FILE).is_file():
                self.crf.load_state_dict(load_file(Path(encoder) / CRF_FILE))
            model.add_module(HEAD, self.crf)
        return model

    def save_head(self, model: PreTrainedModel, folder: Path) -> None:
        """Write the CRF's scores."""
        del model
        if self.crf is not None:
            save_file({name: value.cpu() for name, value in self.crf.state_dict().items()}, folder / CRF_FILE)

    def targets(self, encoded: Encoded, index: NDArray[np.int64]) -> torch.Tensor:
        """Give a tag for each token, -100 where it answers for no word."""
        lengths = encoded.lengths[index]
        mask = np.arange(int(lengths.max())) < lengths[:, None]
        return torch.from_numpy(filled(encoded.label_lists, index, mask, NOT_WANTED))

    def loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Sum the loss over words in units of a mean row: divided by the rows, it is that of a word."""
        logits = logits[:, : targets.shape[1]]  # rows may be made wider than the longest is
        if self.crf is not None:
            return self.crf.loss(*words_first(logits, targets)) / self.mean_words
        # a reduced sum over three dimensions has no deterministic kernel on a GPU
        each = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return each.sum() / self.mean_words

    def moves(self) -> NDArray[np.float32]:
        """Score the moves as the CRF has learned them."""
        return super().moves() if self.crf is None else self.crf.numpy_scores()

    def judged(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Iterator[Tagged]:
        """Yield each sentence with true and predicted tags."""
        found = self.decoded(logits, encoded.labels.to_pylist(), encoded.rows.tolist())
        for row, emissions, path, truth in found:
            yield Tagged(row, self.named(truth), self.named(path), self.certainty(emissions, path))

    def metrics(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Metrics:
        """Measure entities, strictly."""
        tally = Tally()
        for _, _, path, truth in self.decoded(logits, encoded.labels.to_pylist(), encoded.rows.tolist()):
            tally.add(self.named(truth), self.named(path))
        return tally.metrics()

    def sections(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> list[Section]:
        """Report per type, kinds of error, calibration and sentences with mistakes."""
        return tagging_sections(encoded.split, self.labels.names, list(self.judged(logits, encoded)))

    def saved(self) -> dict[str, Any]:
        """Name what prediction must repeat."""
        return {**self.reading(), "crf": self.crf is not None}


def from_settings(settings: Settings, corpus: Corpus) -> Tagging:
    """Set the task up from the options and the types that were found."""
    split = corpus.splits["train"]
    sentences = list(islice(split.cells("text"), SAMPLE))
    return Tagging(
        corpus.labels,
        max_length=settings.data.max_seq_length,
        crf=Crf(bio_tags(corpus.labels.names)) if settings.model.head == "crf" else None,
        characters=by_characters(sentences),
        inner=inner_signs(sentences),
        skip_bad_rows=settings.data.skip_bad_rows,
    )


def from_saved(labels: LabelSet, facts: dict[str, Any]) -> Tagging:
    """Set the task up again for a trained model."""
    crf = Crf(bio_tags(labels.names)) if facts["crf"] else None
    inner = str(facts.get("inner", ""))
    return Tagging(labels, int(facts["max_seq_length"]), bool(facts["characters"]), crf, inner=inner)


SPEC = TaskSpec("tag", TAGGED, from_settings)
