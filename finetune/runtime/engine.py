"""An exported folder at work: encode, run, answer, each for itself or all in one call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from finetune.answers.registry import KINDS, answerer
from finetune.batching import micro_batches, rectangle
from finetune.data.pieces import Chunk
from finetune.errors import RequestError, shorten
from finetune.runtime.tokenizer import FastTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from finetune.answers.registry import Answerer

Answer = dict[str, Any]
Pieces = Chunk
MODEL, FACTS, TOKENIZER = "model.onnx", "finetune.json", "tokenizer.json"
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
TOKENS_AT_ONCE = 4096


@dataclass(frozen=True)
class Rows:
    """Token ids of one batch, without padding."""

    input_ids: Sequence[Sequence[int]]
    lengths: NDArray[np.int64]


class Runtime:
    """Answers as finetune.predict.Predictor does: Runtime.encode, run and answers, or a call with texts.

    It may be used by several threads at once.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, facts: dict[str, Any], tokenizer: FastTokenizer
    ) -> None:
        self.facts = facts
        self.answerer: Answerer = answerer(facts)
        self._session = session
        self._pad = int(facts["pad_token_id"])
        self._read = self.answerer.reader(tokenizer)

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        """Answer for many texts, in their order; batches are formed by length."""
        pieces = self.encode(texts)
        return self.answers(texts, pieces, self.logits(pieces))

    def encode(self, texts: Sequence[str]) -> Pieces:
        """Tokenise, cut and frame as training did: input_ids without padding, and the text of each (rows)."""
        return self._read(self.answerer.texts(texts), [None] * len(texts))

    def run(self, ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Compute one padded batch; the logits of each piece come back without its padding."""
        rows = Rows(ids, np.array([len(one) for one in ids], np.int64))
        (found,) = self._session.run(None, rectangle(rows, np.arange(len(ids)), self._pad))
        logits = np.asarray(found, np.float32)
        return [one if one.ndim == 1 else one[: rows.lengths[at]] for at, one in enumerate(logits)]

    def logits(self, pieces: Pieces, max_tokens: int = TOKENS_AT_ONCE) -> list[NDArray[np.float32]]:
        """Compute all pieces in batches of nearly equal lengths."""
        out: dict[int, NDArray[np.float32]] = {}
        lengths = np.array([len(one) for one in pieces.input_ids], np.int64)
        for index in micro_batches(np.arange(len(lengths)), lengths, max_tokens):
            found = self.run([pieces.input_ids[at] for at in index])
            out.update(zip(index.tolist(), found, strict=True))
        return [out[at] for at in range(len(lengths))]

    def answers(
        self, texts: Sequence[str], pieces: Pieces, logits: Sequence[NDArray[np.float32]]
    ) -> list[Answer]:
        """Answer for each text."""
        return list(self.answerer.answers(logits, self.answerer.texts(texts), pieces))


def load(folder: Path, threads: int | None = None, device: str = "cpu") -> Runtime:
    """Load an exported folder; threads are those that compute one batch, device is cpu or cuda."""
    facts = read_facts(folder)
    tokenizer = FastTokenizer(folder / TOKENIZER, facts["unk_token_id"])
    return Runtime(open_session(folder / MODEL, threads, device), facts, tokenizer)


def read_facts(folder: Path) -> dict[str, Any]:
    """Read what the export says about itself; a folder that is no export in ONNX is refused."""
    missing = [name for name in (MODEL, FACTS, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise RequestError(
            f"{folder}: no {' and no '.join(missing)} in it; accepted: a folder that "
            "`finetune export MODEL --format onnx` (or onnx-int8, onnx-fp16) wrote"
        )
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        known = (
            facts["task"] in KINDS and {"pad_token_id", "unk_token_id", "labels", "numbered"} <= facts.keys()
        )
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise RequestError(f"{folder / FACTS}: found no facts of an export; export the model again")
    return facts


def open_session(path: Path, threads: int | None, device: str) -> onnxruntime.InferenceSession:
    """Open the model on the device that was asked for, never on another in silence."""
    if device not in PROVIDERS:
        raise RequestError(f"the device is {shorten(device)}; accepted: {', '.join(PROVIDERS)}")
    there = onnxruntime.get_available_providers()
    if PROVIDERS[device] not in there:
        raise RequestError(
            f"this onnxruntime has no {PROVIDERS[device]} (it has {', '.join(there)}); "
            "install onnxruntime-gpu, or take the CPU"
        )
    options = onnxruntime.SessionOptions()
    options.enable_mem_pattern = False  # one plan is kept for every shape ever seen, and shapes vary
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=[PROVIDERS[device]])
