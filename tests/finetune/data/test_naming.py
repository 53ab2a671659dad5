"""What is read from the names of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.naming import class_of, named_alike
from finetune.data.rows import open_source
from finetune.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


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
        ("eng.train eng.testa eng.testb", "train validation test"),
        ("train.csv testA.csv testB.csv", "  "),
    ],
)
def test_twins_differ_in_the_word_for_the_split(names: str, splits: str) -> None:
    found = named_alike(names.split())
    assert [found.get(one, "") for one in names.split()] == splits.split(" ")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("pos/part0.csv", "neg/part0.csv"), r"neg: found the table part0.csv in a folder of texts"),
        (("pos/a.parquet", "neg/deep/b.jsonl.gz"), r"deep: found the table b.jsonl.gz"),
        (
            ("news/train.txt", "news/dev.txt", "films/1.txt"),
            r"dev.txt, train.txt, named as a split, .*d/news",
        ),
        (
            ("news/cnews.train.txt", "news/cnews.test.txt"),
            r"cnews.test.txt, cnews.train.txt, named as a split",
        ),
        (("news/train/pos/1.txt", "news/train/neg/1.txt"), r"found a folder, named as a split, .*d/news"),
    ],
)
def test_tables_and_splits_in_class_folders_are_no_texts(
    write: Write, names: tuple[str, ...], message: str
) -> None:
    for name in names:
        path = write(f"d/{name}", "text,label\na,1\n")
    root = next(one for one in path.parents if one.name == "d")
    with pytest.raises(DataError, match=message):
        open_source(root, None, None)


@pytest.mark.parametrize("name", ["part-00000.csv", "part-00000-0af9c1.c000.csv"])
def test_parts_of_a_table_are_no_classes(write: Write, name: str) -> None:
    write("d/part-00001.csv", "review,stars\nc,2\n")
    folder = write(f"d/{name}", "review,stars\na,1\n").parent
    with pytest.raises(DataError, match=rf"{name}, which is named as a part of a table"):
        open_source(folder, None, None)


@pytest.mark.parametrize("column", ["sentiment", "target"])
def test_tables_with_a_label_of_another_name_are_no_classes(write: Write, column: str) -> None:
    write("d/a.csv", f"text,{column}\na,0\nb,1\n")
    folder = write("d/b.csv", f"text,{column}\nc,0\nd,1\n").parent
    with pytest.raises(DataError, match=f"found the column '{column}'"):
        open_source(folder, None, None)
