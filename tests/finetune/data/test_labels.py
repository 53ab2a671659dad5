"""Class names that are numbers themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.data.corpus import Corpus, load_corpus
from finetune.data.labels import LabelSet, labels_from, read_class_file, settled
from finetune.data.rows import Row
from finetune.data.shape import ONE_LABEL
from finetune.errors import Problem
from finetune.options import DataOptions

TYPE = "text {}\t{}\n"


def stars(folder: Path, first: int) -> Corpus:
    (folder / "class.txt").write_text("1\n2\n3\n4\n5\n")
    rows = "".join(TYPE.format(n, first + n % 5) for n in range(50))
    (folder / "train.txt").write_text(rows)
    (folder / "test.txt").write_text(TYPE.format("x", first + 3))
    return load_corpus(DataOptions(data=folder, cache_dir=folder / "cache"), 1, ONE_LABEL)


def test_numbers_are_class_numbers_where_one_occurs_that_is_no_name(tmp_path: Path) -> None:
    corpus = stars(tmp_path, 0)
    assert corpus.labels.ids == {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4}
    assert corpus.labels.meaning("3") == "4"
    said = "warning: '1' is a class name and also the number of '2'; labels are read as class numbers"
    assert any(one.startswith(said) for one in corpus.notes)


def test_numbers_are_names_where_all_of_them_are(tmp_path: Path) -> None:
    corpus = stars(tmp_path, 1)
    assert corpus.labels.ids == {"1": 0, "2": 1, "3": 2, "4": 3, "5": 4}
    assert any("labels are read as names, since no label" in one for one in corpus.notes)


def test_names_that_are_their_own_numbers_leave_nothing_open() -> None:
    labels = LabelSet(("0", "1", "2"), numbered=True)
    assert settled(labels, ()) == (labels, "")


@pytest.mark.parametrize(
    ("numbered", "expected"),
    [(True, "a class number from 0 to 2, counting lines in f"), (False, "one of the class names in f")],
)
def test_a_label_that_is_neither_is_told_what_is_read(*, numbered: bool, expected: str) -> None:
    labels = LabelSet(("1", "2", "3"), numbered=numbered, origin="f")
    found = labels.encode(Row(Path("a.txt"), 1, "x", "3" if numbered else "0"))
    assert isinstance(found, Problem)
    assert found.expected == expected


def test_classes_that_are_numbers_stand_in_the_order_of_their_values(tmp_path: Path) -> None:
    assert labels_from({"10", "9", "a"}, tmp_path).names == ("9", "10", "a")


def test_blank_lines_at_the_end_of_a_class_file_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "class.txt").write_text("a\nb\n\n \n")
    assert read_class_file(tmp_path / "class.txt") == ["a", "b"]
