"""What is read from the names of files."""

from __future__ import annotations

import pytest

from finetune.data.naming import class_of, named_alike


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("pos.csv", "pos"),
        ("pos.TXT.gz", "pos"),
        ("comp.windows.x.txt", "comp.windows.x"),
        ("comp.sys.mac", "comp.sys.mac"),
        ("体育.jsonl.xz", "体育"),
        ("Ａ股.parquet", "A股"),
    ],
)
def test_a_class_has_the_name_of_its_file(name: str, label: str) -> None:
    assert class_of(name) == label


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ("20news-bydate-train 20news-bydate-test", "train test"),
        ("a_train.csv a_valid.csv b.csv", "train validation "),
        ("train_a.csv test_b.csv", " "),
        ("dev.txt test.txt", " "),
        ("trains.txt contests.txt", " "),
    ],
)
def test_twins_differ_in_the_word_for_the_split(names: str, splits: str) -> None:
    found = named_alike(names.split())
    assert [found.get(one, "") for one in names.split()] == splits.split(" ")
