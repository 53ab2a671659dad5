"""An exported folder at work: encode, run, answer, each for itself or all in one call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from finetune.answers.registry import KINDS, answerer
from finetune.batching import MemoryRows, micro_batches, rectangle
from finetune.errors import RequestError
from finetune.layout import FACTS, ONNX, TOKENIZER
from finetune.runtime.tokenizer import FastTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from finetune.answers.registry import Answer, Answerer
    from finetune.data.pieces import Chunk

Batch = dict[str, NDArray[np.int64]]
TOKENS_AT_ONCE = {"cpu": 512, "cuda": 16384}  # measured on the CPU: with 4096 a third fewer texts a second
ANYWHERE = 4096  # where Triton decides on the device
LOGITS_MODEL = "{}_logits"  # inside Triton: the name of the model that computes


class Runtime:
    """Answers as finetune.predict.Predictor does: Runtime.encode, run and answers, or a call with texts.

    compute turns a padded batch (input_ids, attention_mask) into logits; max_tokens is what suits its device
    in one batch, padding included. Several threads may share a Runtime.
    """

    def __init__(
        self,
        compute: Callable[[Batch], NDArray[np.float32]],
        facts: dict[str, Any],
        tokenizer: FastTokenizer,
        max_tokens: int,
    ) -> None:
        self.facts = facts
        self.max_tokens = max_tokens
        self.answerer: Answerer = answerer(facts)
        self._compute = compute
        self._pad = int(facts["pad_token_id"])
        self.read = self.answerer.reader(tokenizer)

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        """Answer for many texts, in their order; batches are formed by length."""
        pieces = self.encode(texts)
        return self.answers(texts, pieces, self.logits(pieces))

    def encode(self, texts: Sequence[str]) -> Chunk:
        """Tokenise, cut and frame as training did: input_ids without padding, and the text of each (rows)."""
        return self.read(self.answerer.texts(texts), [None] * len(texts))

    def run(self, ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Compute one padded batch; the logits of each piece come back without its padding."""
        rows = MemoryRows(ids)
        logits = self._compute(rectangle(rows, np.arange(len(ids)), self._pad))
        return [one if one.ndim == 1 else one[: rows.lengths[at]] for at, one in enumerate(logits)]

    def logits(self, pieces: Chunk) -> list[NDArray[np.float32]]:
        """Compute all pieces in batches of nearly equal lengths."""
        out: dict[int, NDArray[np.float32]] = {}
        lengths = MemoryRows(pieces.input_ids).lengths
        for index in micro_batches(np.arange(len(lengths)), lengths, self.max_tokens):
            found = self.run([pieces.input_ids[at] for at in index])
            out.update(zip(index.tolist(), found, strict=True))
        return [out[at] for at in range(len(lengths))]

    def answers(
        self, texts: Sequence[str], pieces: Chunk, logits: Sequence[NDArray[np.float32]]
    ) -> list[Answer]:
        """Answer for each text."""
        return list(self.answerer.answers(logits, self.answerer.texts(texts), pieces))


def load(folder: Path, threads: int | None = None, device: str = "cpu") -> Runtime:
    """Load an exported folder; threads are those that compute one batch, device is cpu, cuda or cuda:1."""
    compute = onnx_compute(must_have(folder, ONNX), threads, device)
    return assemble(folder, compute, TOKENS_AT_ONCE[device.partition(":")[0]])


def onnx_compute(
    path: Path, threads: int | None = None, device: str = "cpu"
) -> Callable[[Batch], NDArray[np.float32]]:
    """Open a model.onnx."""
    from finetune.runtime.session import open_session  # noqa: PLC0415 - Triton, which computes by itself, has none

    session = open_session(path, threads, device)

    def compute(batch: Batch) -> NDArray[np.float32]:
        return np.asarray(session.run(None, batch)[0], np.float32)

    return compute


def assemble(
    folder: Path, compute: Callable[[Batch], NDArray[np.float32]], max_tokens: int = ANYWHERE
) -> Runtime:
    """Put a way to compute and the folder's tokenizer and facts together."""
    path = must_have(folder, FACTS)
    facts = read_facts(path)
    tokenizer = FastTokenizer(must_have(folder, TOKENIZER), facts["unk_token_id"])
    return Runtime(compute, facts, tokenizer, max_tokens)


def must_have(folder: Path, name: str) -> Path:
    """Refuse a folder that is no export."""
    if not (folder / name).is_file():
        raise RequestError(
            f"{folder}: no {name} in it; accepted: a folder that `finetune export MODEL --format onnx` "
            "(or onnx-int8, onnx-fp16) wrote"
        )
    return folder / name


def read_facts(path: Path) -> dict[str, Any]:
    """Read what the export says about itself."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = facts["task"] in KINDS and {"pad_token_id", "unk_token_id", "labels"} <= facts.keys()
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise RequestError(f"{path}: found no facts of an export; export the model again")
    return facts
