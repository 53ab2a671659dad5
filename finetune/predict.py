"""A trained model as a Python object: Predictor("runs/news")("…") gives label, confidence, probabilities."""

from __future__ import annotations

from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.batching import MemoryRows
from finetune.data.words import Words
from finetune.pretrained import load_tokenizer
from finetune.tasks.registry import model_folder, saved_task
from finetune.training.device import choose_device
from finetune.training.evaluation import predict_logits
from finetune.training.memory import token_budget
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from finetune.answers.registry import Answer

ROWS_AT_ONCE = 4096


def must_be_text(number: int, text: str | Words) -> str | Words:
    """Refuse what is no text, such as the NaN of a pandas column."""
    if not isinstance(text, (str, Words)):
        raise TypeError(f"text {number} is {shorten(text)}; expected a str")
    return text


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
        self.encoding = self.task.encoding(self.tokenizer)

    def __call__(self, text: str) -> Answer:
        """Answer for one text."""
        if not isinstance(text, str):
            raise TypeError(f"found {shorten(text)}; expected one text: answers(...) for several")
        return next(self.answers([text]))

    def answers(self, texts: Iterable[str | Words]) -> Iterator[Answer]:
        """Answer for many texts, in their order; some thousands at a time are batched by length."""
        if isinstance(texts, str):
            raise TypeError("found one text; expected several: answers([text]), or predictor(text)")
        source = map(must_be_text, count(1), texts)
        while some := list(islice(source, ROWS_AT_ONCE)):
            taken = self.task.texts(some)
            chunk = self.encoding.encode(taken, [None] * len(taken))
            logits = predict_logits(self.model, MemoryRows(chunk.input_ids), self.device, self.max_tokens)
            yield from self.task.answers(logits, taken, chunk)
