"""The texts that an export is verified with: the user's file, or texts made of the model's own vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.data.corpus import sample
from finetune.data.ingest import ingest
from finetune.data.pieces import Chunk
from finetune.data.sources import must_exist
from finetune.data.split import whole
from finetune.data.store import default_cache
from finetune.data.tokens import encode_split
from finetune.measure import known_labels

if TYPE_CHECKING:
    from finetune.answers.registry import Answerer
    from finetune.data.tokens import Encoded
    from finetune.options import DataOptions
    from finetune.predict import Predictor

GENERATED = 64
SEED = 7


@dataclass(frozen=True)
class Subject:
    """The model that is exported; answerer is its task."""

    predictor: Predictor
    answerer: Answerer


@dataclass(frozen=True)
class Sample:
    """Texts as the task takes them, their token rows, and the labelled rows where they came from a file."""

    said: str
    texts: list[Any]
    chunk: Chunk
    encoded: Encoded | None = None


def from_file(subject: Subject, options: DataOptions) -> Sample:
    """Read labelled texts as `finetune evaluate` does."""
    predictor = subject.predictor
    assert options.data is not None  # noqa: S101 - the caller names a file
    rows = ingest(must_exist(options.data), options, predictor.task.shape)
    split = sample(whole("test", rows), options.max_rows, SEED)
    encoding = known_labels(predictor, rows, options.data, lambda _: None)
    encoded = encode_split(split, encoding, options.cache_dir or default_cache())
    texts = list(split.cells("text"))
    ids = [encoded.input_ids[at].tolist() for at in range(len(encoded))]
    chunk = Chunk(ids, encoded.labels.to_pylist(), encoded.rows.tolist(), 0)
    return Sample(f"{len(texts):,} texts of {options.data.name}", texts, chunk, encoded)


def generated(subject: Subject) -> Sample:
    """Make texts of many lengths, some longer than the model reads, of words that the model knows."""
    tokenizer = subject.predictor.tokenizer
    words = sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))
    generator = np.random.default_rng(SEED)
    lengths = np.geomspace(1, 2 * subject.answerer.max_length, GENERATED).astype(int)
    lines = [" ".join(generator.choice(words, length)) for length in lengths]
    texts = subject.answerer.texts(lines)
    chunk = subject.predictor.encoding.encode(texts, [None] * len(texts))
    return Sample(f"{GENERATED} generated texts", texts, chunk)
