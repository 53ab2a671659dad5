"""Masked-LM pretraining: an encoder reads texts of a domain and guesses the tokens that were masked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch

from finetune.data.blocks import blocks, marked_ids
from finetune.data.labels import LabelSet
from finetune.data.pieces import Chunk, frame_of
from finetune.data.plain import PLAIN
from finetune.data.tokens import RowEncoding, tokenizer_key
from finetune.encoders import find_encoder
from finetune.errors import EncoderError
from finetune.masking import MaskedRows, Masking
from finetune.pretrained import load_model, load_tokenizer
from finetune.report.masked import asked_figures, masked_sections
from finetune.sparse_head import FIGURES, GUESSES, LOSS, TOKENS, TRUTH, SparseHead
from finetune.tasks.base import TaskDefaults, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from finetune.data.corpus import Corpus
    from finetune.data.shape import Shape
    from finetune.data.tokens import Encoded
    from finetune.options import Settings
    from finetune.report.sections import Section
    from finetune.tasks.base import Metrics

MASKED_METRICS = ("loss", "perplexity", "token_accuracy", "top5_accuracy")
MASK = "[MASK]"  # what people write for it, whatever the tokenizer's own name is
EVALUATION_SHARE = 0.15  # whatever training does: only figures under the same mask compare


@dataclass(frozen=True)
class Pretraining(TaskDefaults):
    """Guesses masked tokens. There are no labels; the words that belong together stand in their place."""

    tokenizer: PreTrainedTokenizerBase
    max_length: int = 128
    share: float = EVALUATION_SHARE
    whole_words: bool = True
    seed: int = 0
    labels: LabelSet = field(default=LabelSet(()), init=False)
    name: str = field(default="pretrain", init=False)
    shape: Shape = field(default=PLAIN, init=False)
    pipeline_tag: str = field(default="fill-mask", init=False)
    main_metric: str = field(default="loss", init=False)
    metric_names: tuple[str, ...] = field(default=MASKED_METRICS, init=False)

    @cached_property
    def special(self) -> frozenset[int]:
        """The tokens that are never masked, unknown ones among them: there is nothing to learn from them."""
        return frozenset(self.tokenizer.all_special_ids)

    @cached_property
    def ordinary(self) -> NDArray[np.int64]:
        """The tokens by which a masked one may be replaced."""
        return np.setdiff1d(np.arange(len(self.tokenizer)), list(self.special))

    def encoding(self, tokenizer: PreTrainedTokenizerBase) -> RowEncoding:
        """Cut each text into blocks, each framed as the other tasks frame their texts.

        A block never holds two texts: batches are formed by length, so packing would save no computation,
        and a text would be read in the light of its neighbour.
        """
        frame = frame_of(tokenizer)
        before, after = [0] * len(frame.before), [0] * len(frame.after)

        def encode(texts: list[Any], labels: list[Any]) -> Chunk:
            del labels
            chunk = Chunk([], [], [], 0)
            marked = marked_ids(tokenizer, texts, self.special) if texts else iter(())
            for row, (ids, marks) in enumerate(marked):
                for start, end in blocks(marks, self.max_length - frame.size):
                    chunk.input_ids.append(frame.around(ids[start:end]))
                    chunk.labels.append([*before, *marks[start:end], *after])
                    chunk.rows.append(row)
            return chunk

        key = f"{self.name} {self.max_length} {tokenizer_key(tokenizer)}"
        return RowEncoding(key, pa.list_(pa.int8()), lambda _: None, encode)

    def build(self, encoder: str, attention: str) -> PreTrainedModel:
        """Put a masked-LM head on the encoder: the one that was saved with it, else a new one."""
        model = load_model("AutoModelForMaskedLM", encoder, attention)
        SparseHead(model, self.tokenizer.mask_token_id)
        return model

    def view(self, encoded: Encoded, step: int | None = None) -> MaskedRows:
        """Mask anew at each step, and in evaluation always in the same way."""
        mask_id, ordinary = self.tokenizer.mask_token_id, self.ordinary
        if step is None:
            return MaskedRows(encoded, Masking(EVALUATION_SHARE, mask_id, ordinary), (0,))
        masking = Masking(self.share, mask_id, ordinary, self.whole_words)
        return MaskedRows(encoded, masking, (self.seed, step))

    def targets(self, encoded: Encoded, index: NDArray[np.int64]) -> torch.Tensor:
        """Give nothing: the rows themselves say what is wanted."""
        del encoded, index
        return torch.empty(0)

    def loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Sum the mean losses of the blocks' tokens, which the head computed; others are NaN.

        A step's texts are of nearly the same length, so this is the mean over its tokens as well.
        """
        del targets
        losses = logits[..., LOSS]
        asked = (~losses.isnan()).sum(1)
        return (losses.nansum(1) / asked.clamp(min=1)).sum()

    def metrics(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> Metrics:
        """Measure all masked tokens alike, whichever text they stand in."""
        del encoded
        found = asked_figures(logits)
        right = found[:, TOKENS : TOKENS + GUESSES] == found[:, [TRUTH]]
        loss = float(found[:, LOSS].mean(dtype=np.float64)) if len(found) else 0.0
        measured = (float(np.exp(loss)), float(right[:, 0].mean()), float(right.any(1).mean()))
        return dict(zip(MASKED_METRICS, (loss, *measured), strict=True))

    def sections(self, logits: Sequence[NDArray[np.float32]], encoded: Encoded) -> list[Section]:
        """Report the tokens that are hard to guess, and the surest mistakes in their texts."""
        return masked_sections(logits, encoded, self.view(encoded), self.tokenizer)

    def texts(self, lines: Sequence[str]) -> list[Any]:
        """Take lines as they are, [MASK] written as the tokenizer knows it."""
        return [line.replace(MASK, self.tokenizer.mask_token) for line in lines]

    def answers(
        self, logits: Sequence[NDArray[np.float32]], texts: Sequence[Any], chunk: Chunk
    ) -> Iterator[dict[str, Any]]:
        """Fill every [MASK] of each text, with the five likeliest tokens for it."""
        found: dict[int, NDArray[np.float32]] = {
            row: asked_figures([logits[at] for at in members])
            for row, members in groupby(range(len(chunk.rows)), key=lambda at: chunk.rows[at])
        }
        nothing = np.empty((0, FIGURES), np.float32)
        for row, text in enumerate(texts):
            masks = [self.guesses(one) for one in found.get(row, nothing)]
            first, *rest = text.split(self.tokenizer.mask_token)
            filled = [one["label"] + part for one, part in zip(masks, rest, strict=True)]
            yield {"text": first + "".join(filled), "masks": masks}

    def guesses(self, figures: NDArray[np.float32]) -> dict[str, Any]:
        """Write the figures of one [MASK]."""
        ids, shares = figures[TOKENS : TOKENS + GUESSES], figures[TOKENS + GUESSES :]
        tokens = [str(self.tokenizer.decode([int(one)])).strip() for one in ids]
        probabilities = dict(zip(tokens, map(float, shares), strict=True))
        return {"label": tokens[0], "confidence": float(shares[0]), "probabilities": probabilities}

    def saved(self) -> dict[str, Any]:
        """Name what prediction must repeat."""
        return {"max_seq_length": self.max_length, "numbered": False}


def from_settings(settings: Settings, corpus: Corpus) -> Pretraining:
    """Set the task up from the options."""
    del corpus
    training = settings.training
    return Pretraining(
        masking_tokenizer(find_encoder(settings.model.model_name_or_path)),
        max_length=settings.data.max_seq_length,
        share=training.mlm_probability,
        whole_words=training.whole_word_mask,
        seed=training.seed,
    )


def from_saved(labels: LabelSet, facts: dict[str, Any]) -> Pretraining:
    """Set the task up again for a trained model."""
    del labels
    return Pretraining(masking_tokenizer(facts["folder"]), max_length=int(facts["max_seq_length"]))


def masking_tokenizer(folder: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer that has a token for what is masked."""
    tokenizer = load_tokenizer(folder)
    if tokenizer.mask_token_id is None:
        raise EncoderError(
            f"{folder}: its tokenizer has no mask token, so nothing can be masked; take one such as BERT"
        )
    return tokenizer


SPEC = TaskSpec("pretrain", PLAIN, from_settings)
