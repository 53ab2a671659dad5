"""Tokenised splits: found again only where the same texts and labels were read, and never empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tokenizers.normalizers import Strip

from finetune.data import store
from finetune.data.corpus import read_corpus
from finetune.data.plain import PLAIN
from finetune.data.shape import ONE_LABEL
from finetune.data.skipped import KEPT
from finetune.data.tokens import Encoded, encode_split, tokenizer_key
from finetune.errors import DataError
from finetune.options import DataOptions
from finetune.pretrained import load_tokenizer
from finetune.tasks.classification import Classification
from finetune.tasks.pretraining import Pretraining

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    Write = Callable[[str, str | bytes], Path]

RATED = "title,body,rater1,rater2\n球队,股市今天下跌,0,1\n教练,央行下调利率,1,0\n"


@pytest.fixture(scope="module")
def tokenizer(encoder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(str(encoder))


def encoded(path: Path, tokenizer: PreTrainedTokenizerBase, split: str = "train", **more: Any) -> Encoded:  # noqa: ANN401
    cache = path.parent / "cache"
    corpus = read_corpus(DataOptions(data=path, cache_dir=cache, **more), ONE_LABEL)
    task = Classification(corpus.labels, 16, skip_bad_rows=more.get("skip_bad_rows", False))
    return encode_split(corpus.splits[split], task.encoding(tokenizer), cache)


def test_another_text_column_is_tokenised_anew(write: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    path = write("a.csv", RATED)
    titles, bodies = (
        encoded(path, tokenizer, text_column=one, label_column="rater1") for one in ("title", "body")
    )
    assert titles.lengths.tolist() == [4, 4]
    assert bodies.lengths.tolist() == [8, 8]


def test_another_label_column_gives_its_own_labels(write: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    path = write("a.csv", RATED)
    first, second = (
        encoded(path, tokenizer, text_column="title", label_column=one) for one in ("rater1", "rater2")
    )
    assert (first.numbers.tolist(), second.numbers.tolist()) == ([0, 1], [1, 0])


def test_the_same_columns_are_found_in_the_cache(write: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    path = write("a.csv", RATED)
    how = {"text_column": "title", "label_column": "rater1"}
    assert [encoded(path, tokenizer, **how).stored.fresh for _ in range(2)] == [True, False]


def test_a_split_whose_rows_are_all_skipped_is_refused(
    write: Write, tokenizer: PreTrainedTokenizerBase
) -> None:
    write("d/test.txt", "好\t7\n坏\t8\n")
    folder = write("d/train.txt", "好\t0\n坏\t1\n").parent
    with pytest.raises(DataError, match=r"test.txt:1: found the label '7'.* none of its 2 rows can be used"):
        encoded(folder, tokenizer, "test", skip_bad_rows=True)


def test_texts_without_a_token_are_refused(write: Write, tokenizer: PreTrainedTokenizerBase) -> None:
    path = write("a.txt", "\u200b\n\u200b\n")
    options = DataOptions(data=path, cache_dir=path.parent / "cache")
    split = read_corpus(options, PLAIN).splits["train"]
    with pytest.raises(DataError, match=r"a.txt: found no token in any of 2 texts"):
        encode_split(split, Pretraining(tokenizer).encoding(tokenizer), path.parent / "cache")


def test_skipped_labels_are_counted_beyond_those_that_are_kept(
    write: Write, tokenizer: PreTrainedTokenizerBase
) -> None:
    write("d/test.txt", "好\t0\n" + "坏\t7\n" * (KEPT + 5))
    folder = write("d/train.txt", "好\t0\n坏\t1\n").parent
    meta = encoded(folder, tokenizer, "test", skip_bad_rows=True).stored.meta
    assert (meta["skipped"], len(meta["problems"])) == (KEPT + 5, KEPT)


def test_an_unknown_label_in_an_array_is_named_by_its_entry(
    write: Write, tokenizer: PreTrainedTokenizerBase
) -> None:
    write("d/test.json", '[\n{"text": "a",\n "label": "x"},\n{"text": "b",\n "label": "z"}\n]')
    folder = write("d/train.json", '[{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]').parent
    with pytest.raises(DataError, match=r"test.json: found in entry 2: the label 'z'"):
        encoded(folder, tokenizer, "test")


def test_texts_that_were_cut_are_counted_in_every_batch(
    write: Write, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CHUNK", 1)
    path = write("a.tsv", f"{'好' * 20}\t0\n{'坏' * 20}\t1\n好\t0\n坏\t1\n")
    assert encoded(path, tokenizer).truncated == 0.5


def test_a_tokenizer_is_told_from_another_of_the_same_vocabulary(encoder: Path) -> None:
    one, other = (load_tokenizer(str(encoder)) for _ in range(2))
    assert tokenizer_key(one) == tokenizer_key(other)
    other.backend_tokenizer.normalizer = Strip()
    assert tokenizer_key(one) != tokenizer_key(other)
