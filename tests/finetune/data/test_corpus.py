"""Bringing splits and labels together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from finetune.data.corpus import Corpus, load_corpus
from finetune.data.shape import ONE_LABEL
from finetune.errors import DataError, RequestError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


def load(path: Path, **more: Any) -> Corpus:  # noqa: ANN401
    return load_corpus(DataOptions(data=path, cache_dir=path.parent / "cache", **more), 1, ONE_LABEL)


def test_the_thucnews_layout(write: Write) -> None:
    for name in ("train", "dev", "test"):
        write(f"news/{name}.txt", f"{name} a\t0\n{name} b\t1\n")
    corpus = load(write("news/class.txt", "finance\nsports\n").parent)
    assert corpus.labels.names == ("finance", "sports")
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 2,
        "validation": 2,
        "test": 2,
    }


def test_a_single_file_is_split_by_label(write: Write) -> None:
    rows = "".join(f"text {number}\t{'ab'[number % 10 == 0]}\n" for number in range(200))
    corpus = load(write("all.tsv", rows))
    assert len(corpus.splits["validation"]) == 20
    texts = {name: set(split.texts()) for name, split in corpus.splits.items()}
    assert not texts["train"] & texts["validation"]


def test_max_rows_draws_by_the_seed(write: Write) -> None:
    path = write("all.tsv", "".join(f"text {n}\t{n % 2}\n" for n in range(200)))
    assert load(path, max_rows=50).splits["train"].texts() == load(path, max_rows=50).splits["train"].texts()


def test_a_changed_file_is_read_anew(write: Write) -> None:
    load(write("all.tsv", "a\t0\nb\t1\nc\t0\nd\t1\n"))
    corpus = load(write("all.tsv", "x\t0\ny\t1\nz\t0\nw\t1\n"))
    assert set(corpus.splits["train"].texts() + corpus.splits["validation"].texts()) == {"w", "x", "y", "z"}


def test_bad_rows_are_counted_when_skipped(write: Write) -> None:
    corpus = load(write("all.tsv", "a\t0\nb\t1\nbroken\nc\t0\nd\t1\n"), skip_bad_rows=True)
    assert len(corpus.problems) == 1
    assert "all.tsv:3" in corpus.problems[0]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.txt": "a\t0\nb\t0\n"}, "one class only: '0'"),
        ({"train.txt": "a\t0\nb\t1\n", "class.txt": "only\n"}, "one class only: 'only'"),
        ({"train.txt": "a\t0\nb\t1\n", "class.txt": "x\ny\nx\n"}, "class.txt:3: found the name 'x' again"),
        ({"train.txt": "a\t0\nb\t1\n", "class.txt": "x\n\ny\n"}, "class.txt:2: found a blank line"),
        ({"train.txt": "a\t0\nb\t1\n", "train.csv": "c,1\n"}, "train.csv, train.txt for one split"),
        ({"train.txt": "a\t0\nbroken\n"}, "train.txt:2: found 1"),
    ],
)
def test_wrong_data_is_refused(write: Write, files: dict[str, str], message: str) -> None:
    for name, contents in files.items():
        path = write(f"data/{name}", contents)
    with pytest.raises(DataError, match=message):
        load(path.parent)


def test_a_path_that_does_not_exist_names_what_is_beside_it(write: Write) -> None:
    beside = write("data/train.txt", "a\t0\n")
    with pytest.raises(RequestError, match=r"no such file or folder; beside it: train.txt"):
        load(beside.parent / "trian.txt")
