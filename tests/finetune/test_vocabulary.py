"""The vocabulary that a light model learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.data.corpus import read_corpus
from finetune.data.shape import ONE_LABEL
from finetune.options import DataOptions
from finetune.pretrained import load_tokenizer
from finetune.vocabulary import made_encoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_another_column_has_a_vocabulary_of_its_own(write: Callable[[str, str], Path]) -> None:
    path = write("a.csv", "title,body,label\n" + "球队,股市,0\n球队,股市,1\n" * 2)
    cache = path.parent / "cache"
    learned = []
    for column in ("title", "body"):
        options = DataOptions(data=path, cache_dir=cache, text_column=column)
        train = read_corpus(options, ONE_LABEL).splits["train"]
        learned.append(set(load_tokenizer(made_encoder(train, 1, cache)).get_vocab()))
    assert learned == [{"[PAD]", "[UNK]", *one} for one in ("球队", "股市")]
