"""Bringing splits and labels together."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finetune.data.conll import TAGGED
from finetune.data.corpus import Corpus, load_corpus, must_have_validation, read_corpus
from finetune.data.rows import Row
from finetune.data.shape import ONE_LABEL
from finetune.data.skipped import KEPT
from finetune.errors import DataError, RequestError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_the_class_file_that_is_used_is_said(write: Write) -> None:
    path = write("class.txt", "finance\nsports\n")
    corpus = load(write("all.tsv", "".join(f"text {n}\t{n % 2}\n" for n in range(40))))
    assert corpus.notes[1] == f"class names from {path}: 'finance, sports'"


def test_a_label_that_the_class_file_lacks_names_that_file(write: Write) -> None:
    path = write("class.txt", "finance\nsports\n")
    labels = load(write("all.tsv", "a\t0\nb\t1\n")).labels
    problem = str(labels.encode(Row(Path("all.tsv"), 3, "c", "stars")))
    assert f"one of the class names in {path}; correct the label, or name another file" in problem


@pytest.mark.parametrize("contents", ["O\nB-LOC\nI-LOC\nB-PER\nI-PER\n", "LOC\nPER\n"])
def test_a_file_of_tags_lists_their_types(write: Write, contents: str) -> None:
    write("d/labels.txt", contents)
    folder = write("d/train.txt", "京 B-LOC\n城 I-LOC\n\n好 O\n\n").parent
    corpus = read_corpus(DataOptions(data=folder, cache_dir=folder.parent / "cache"), TAGGED)
    assert corpus.labels.names == ("LOC", "PER")


def test_a_single_file_is_split_by_label(write: Write) -> None:
    rows = "".join(f"text {number}\t{'ab'[number % 10 == 0]}\n" for number in range(200))
    corpus = load(write("all.tsv", rows))
    assert [(name, len(split)) for name, split in corpus.splits.items()] == [
        ("train", 160),
        ("validation", 20),
        ("test", 20),
    ]
    assert len({text for split in corpus.splits.values() for text in split.texts()}) == 200
    assert "20 validation, 20 test rows" in corpus.notes[-1]


def test_no_test_rows_are_made_where_validation_rows_are_given(write: Write) -> None:
    write("d/dev.txt", "c\t0\nd\t1\n")
    corpus = load(write("d/train.txt", "".join(f"text {n}\t{n % 2}\n" for n in range(40))).parent)
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 40, "validation": 2}


def test_no_test_rows_are_made_when_none_are_wanted(write: Write) -> None:
    path = write("all.tsv", "".join(f"text {n}\t{n % 2}\n" for n in range(40)))
    assert set(load(path, test_share=0.0).splits) == {"train", "validation"}


@pytest.mark.parametrize("rare", ["", "中,neu\n"])
def test_rows_that_all_repeat_the_same_texts_cannot_be_split(write: Write, rare: str) -> None:
    path = write("same.csv", "text,label\n" + "好,pos\n坏,neg\n" * 20 + rare)
    corpus = load(path)
    with pytest.raises(DataError, match=r"different texts in 4\d rows; .*--validation-file"):
        must_have_validation(corpus)


def test_texts_in_two_files_are_said_aloud_and_dropped_if_wanted(write: Write) -> None:
    write("d/dev.txt", "x\t0\ny\t1\n")
    write("d/test.txt", "x\t0\nz\t1\n")
    folder = write("d/train.txt", "x\t0\nz\t1\na\t0\nb\t1\n").parent
    corpus = load(folder)
    assert "warning: 1 text stands in train and validation both: --drop-shared-texts" in corpus.notes[3]
    assert "warning: 2 texts stand in train and test both" in corpus.notes[4]
    assert "warning: 1 text stands in validation and test both" in corpus.notes[5]
    assert list(load(folder, drop_shared_texts=True).splits["train"].texts()) == ["a", "b"]


def test_the_rows_of_a_folder_know_their_files(write: Write) -> None:
    write("d/neg/1.txt", "bad")
    folder = write("d/pos/deep/2.txt", "good").parents[2]
    split = read_corpus(DataOptions(data=folder, cache_dir=folder.parent / "c"), ONE_LABEL).splits["train"]
    assert [split.at(0), split.at(1)] == [("1.txt:1", "bad"), ("2.txt:1", "good")]
    assert split.place("pos/deep/2.txt") == folder / "pos" / "deep" / "2.txt"


def test_all_files_are_read_by_the_columns_of_the_training_file(write: Write) -> None:
    write("d/dev.txt", "x\t足球新闻\ny\t财经新闻\n")  # by itself, the longer column would be the text
    corpus = load(write("d/train.txt", "比赛结果：主队获胜\t足球新闻\n股市行情：大盘走低\t财经新闻\n").parent)
    assert list(corpus.splits["validation"].texts()) == ["x", "y"]


def test_full_width_labels_meet_their_half_width_twins(write: Write) -> None:
    write("d/class.txt", "Ａ股\nB股\n")
    write("d/dev.txt", "x\tA股\ny\tＢ股\n")
    corpus = load(write("d/train.txt", "１２点\t０\n晚上\t1\n").parent)
    assert corpus.labels.names == ("A股", "B股")
    assert corpus.splits["train"].rows.table.column("label").to_pylist() == ["0", "1"]
    assert "1 text has full-width letters or digits" in corpus.notes[3]


def test_a_text_in_full_width_letters_is_the_same_text(write: Write) -> None:
    write("d/test.txt", "ｉPhone １５\t1\nb\t0\n")
    folder = write("d/train.txt", "iPhone 15\t0\na\t1\n").parent
    assert any("warning: 1 text stands in train and test both" in note for note in load(folder).notes)


def test_max_rows_draws_by_the_seed(write: Write) -> None:
    path = write("all.tsv", "".join(f"text {n}\t{n % 2}\n" for n in range(200)))
    first, again = (load(path, max_rows=50).splits["train"].texts() for _ in range(2))
    assert list(first) == list(again)


def test_a_changed_file_is_read_anew(write: Write) -> None:
    load(write("all.tsv", "a\t0\nb\t1\nc\t0\nd\t1\n"))
    corpus = load(write("all.tsv", "x\t0\ny\t1\nz\t0\nw\t1\n"))
    assert {*corpus.splits["train"].texts(), *corpus.splits["validation"].texts()} == {"w", "x", "y", "z"}


def test_a_text_that_moved_to_another_class_is_read_anew(write: Write) -> None:
    for name in ("neg/0001", "neg/0002", "pos/0003", "pos/0004"):
        path = write(f"data/{name}.txt", f"text of {name}")
    load(path.parents[1])
    (path.parent / "0003.txt").rename(path.parents[1] / "neg" / "0003.txt")
    corpus = read_corpus(DataOptions(data=path.parents[1], cache_dir=path.parents[2] / "cache"), ONE_LABEL)
    assert corpus.splits["train"].label_counts() == {"neg": 3, "pos": 1}


def test_the_rows_of_this_folder_know_their_files(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("neg/1.txt", "bad")
    monkeypatch.chdir(write("pos/2.txt", "good").parents[1])
    options = DataOptions(data=Path(), cache_dir=Path("cache"))
    rows = read_corpus(options, ONE_LABEL).splits["train"].rows
    assert rows.table.column("file").to_pylist() == ["neg/1.txt", "pos/2.txt"]


def test_bad_rows_are_counted_when_skipped(write: Write) -> None:
    corpus = load(write("all.tsv", "a\t0\nb\t1\nbroken\nc\t0\nd\t1\n"), skip_bad_rows=True)
    assert len(corpus.problems) == 1
    assert "all.tsv:3" in corpus.problems[0]


def test_bad_rows_are_counted_beyond_those_that_are_kept(write: Write) -> None:
    rows = "".join(f"text {n}\t{n % 2}\n" for n in range(300)) + "broken\n" * (KEPT + 7)
    corpus = load(write("all.tsv", rows), skip_bad_rows=True)
    assert (corpus.skipped, len(corpus.problems)) == (KEPT + 7, KEPT)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.txt": "a\t0\nb\t0\n"}, "one class only: '0'"),
        (
            {"train.csv": "text,lang\na,en\nb,en\n"},
            "'en'; expected 2 .*instead of 'lang' name its column with --label-column",
        ),
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


@pytest.mark.parametrize(
    "names",
    [
        ("cnews.train.txt", "cnews.val.txt", "cnews.test.txt"),
        ("Train_data.tsv", "dev_data.tsv", "test_data.tsv"),
        ("train.txt", "dev.txt", "test.txt"),
        ("train.txt.gz", "valid.txt", "test.txt"),
    ],
)
def test_files_that_are_named_alike_but_for_the_split_are_splits(
    write: Write, names: tuple[str, ...]
) -> None:
    write("d/cnews.vocab.txt", "球\n队\n")
    for name in names:
        rows = f"体育\t{name} 球队赢了\n财经\t{name} 股市走低\n".encode()
        folder = write(f"d/{name}", gzip.compress(rows) if name.endswith("gz") else rows).parent
    corpus = load(folder)
    assert corpus.labels.names == ("体育", "财经")
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 2, "validation": 2, "test": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("dev.txt", "test.txt"), "dev.txt, which is named as a split"),
        (("train sets.txt", "cars.txt"), "train sets.txt, which is named as a split"),
        (("pos.txt", "pos.csv"), "pos.csv and pos.txt for the class 'pos'"),
        (("pos.txt",), "expected train.txt"),
    ],
)
def test_files_that_are_no_classes_are_refused(write: Write, names: tuple[str, ...], message: str) -> None:
    for name in names:
        folder = write(f"d/{name}", "a\nb\n").parent
    with pytest.raises(DataError, match=message):
        load(folder)


def test_tables_with_labels_of_their_own_are_no_classes(write: Write) -> None:
    write("d/first.csv", "text,label\na,0\nb,1\n")
    folder = write("d/second.csv", "text,label\nc,0\nd,1\n").parent
    with pytest.raises(DataError, match=r"first.csv:1: found the column 'label'; .*--train-file"):
        load(folder)


def test_a_label_column_that_repeats_the_class_is_no_harm(write: Write) -> None:
    write("d/pos.csv", "text,label\na,1\nb,1\n")
    assert load(write("d/neg.csv", "text,label\nc,0\nd,0\n").parent).labels.names == ("neg", "pos")


@pytest.mark.parametrize("good", ["", '{"text": "a", "label": "x"}\n'])
def test_where_the_bad_rows_are_what_matters_the_first_is_named(write: Write, good: str) -> None:
    path = write("a.jsonl", '{"text": "a", "label": ["x", "y"]}\n' * 3 + good)
    with pytest.raises(
        DataError, match=r"a.jsonl:1: found \['x', 'y'\] .*--multi-label .* \(2 more such rows\)"
    ):
        load(path, skip_bad_rows=True)
