"""A trained model as a Python object: Predictor("runs/news")("…") gives label, confidence, probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.encoders import load_tokenizer
from finetune.tasks.registry import model_folder, saved_task
from finetune.training.device import choose_device, token_budget
from finetune.training.evaluation import predict_logits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

Answer = dict[str, Any]
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Rows:
    """Tokenised texts in memory."""

    input_ids: list[list[int]]
    lengths: NDArray[np.int64]


class Predictor:
    """Loads a run or model folder once, then answers for one text or many."""

    def __init__(self, folder: str | Path, gpu_id: int | None = None, precision: str = "auto") -> None:
        place = model_folder(Path(folder))
        self.task = saved_task(place)
        self.device = choose_device(gpu_id, precision)
        self.device.prepare()
        self.max_tokens = token_budget(self.device, None)[0]
        self.model = self.task.build(str(place), "auto")
        self.model.to(self.device.device)  # type: ignore[arg-type] # the wrapper of transformers hides the signature
        self.tokenizer = load_tokenizer(str(place))
        self.encoder = self.task.encoder(self.tokenizer)

    def __call__(self, text: str) -> Answer:
        """Answer for one text."""
        return next(self.answers([text]))

    def answers(self, texts: Iterable[str]) -> Iterator[Answer]:
        """Answer for many texts, in their order; some thousands at a time are batched by length."""
        source = iter(texts)
        while some := list(islice(source, ROWS_AT_ONCE)):
            texts = self.task.texts(some)
            chunk = self.encoder.encode(texts, [None] * len(texts))
            lengths = np.array([len(one) for one in chunk.input_ids])
            logits = predict_logits(self.model, Rows(chunk.input_ids, lengths), self.device, self.max_tokens)
            yield from self.task.answers(logits, texts, chunk)
