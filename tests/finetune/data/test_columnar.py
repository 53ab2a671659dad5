"""Saved data sets and Parquet: class names, lists, nested columns, damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from pyarrow import parquet

from finetune.data.conll import TAGGED
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.rows import open_source
from finetune.data.shape import ONE_LABEL, SEVERAL_LABELS
from finetune.errors import DataError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.data.shape import Shape

NEWS = Features({"text": Value("string"), "label": ClassLabel(names=["体育", "财经", "教育"])})
TAGS = Features(
    {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-LOC", "I-LOC"]))}
)


def read(path: Path, shape: Shape = ONE_LABEL, **more: Any) -> Corpus:  # noqa: ANN401
    return read_corpus(DataOptions(data=path, cache_dir=path.parent / "cache", **more), shape)


def labels(path: Path) -> list[str | None]:
    return [row.label for row in open_source(path, None, None).rows()]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    rows = Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, 0]}, features=NEWS)
    DatasetDict({"train": rows, "test": rows.select([1])}).save_to_disk(tmp_path / "news")
    return tmp_path / "news"


def test_a_saved_folder_gives_splits_and_class_names(saved: Path) -> None:
    corpus = read(saved)
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 3, "test": 1}
    assert corpus.labels.names == (
        "体育",
        "财经",
        "教育",
    )  # all that are listed, in the order of their numbers
    assert labels(saved / "train") == ["体育", "财经", "体育"]


def test_one_split_of_a_saved_folder_is_a_source(saved: Path) -> None:
    assert len(read(saved / "train").splits["train"]) == 3
    assert "a saved data set" in read(saved / "train").notes[0]


def test_a_row_without_a_label_is_named(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": ["a", "b"], "label": [0, -1]}, features=NEWS)
    rows.save_to_disk(tmp_path / "news")
    with pytest.raises(DataError, match=r"news:2: found no label in column 'label'"):
        read(tmp_path / "news")


def test_parquet_keeps_the_class_names(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": ["a", "b"], "label": [2, 1]}, features=NEWS)
    rows.to_parquet(tmp_path / "a.parquet")
    assert labels(tmp_path / "a.parquet") == ["教育", "财经"]


def parts(folder: Path, rows: Dataset, split: str, count: int) -> list[Path]:
    """Write a split as the hub keeps it."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{split}-{number:05}-of-{count:05}.parquet" for number in range(count)]
    for number, path in enumerate(paths):
        rows.shard(count, number, contiguous=True).to_parquet(path)
    return paths


def test_the_parts_of_a_split_are_read_as_one(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": list("abcde"), "label": [0, 1, 0, 1, 2]}, features=NEWS)
    data = tmp_path / "news" / "data"
    first, second = parts(data, rows, "train", 2)
    parts(data, rows.select([4]), "test", 1)
    corpus = read(tmp_path / "news")
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 5, "test": 1}
    assert corpus.notes[0].endswith(", 2 files")
    for one in (first, second):
        assert labels(one) == ["体育", "财经", "体育", "财经", "教育"]


def test_parts_with_a_hash_in_their_names_are_read_as_one(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": list("abcde"), "label": [0, 1, 0, 1, 2]}, features=NEWS)
    for split, count in (("train", 2), ("test", 1)):
        for number, path in enumerate(parts(tmp_path / "news", rows, split, count)):
            path.rename(path.with_name(f"{path.stem}-a09b74b3ef9c3b5{number}.parquet"))
    corpus = read(tmp_path / "news")
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 5, "test": 5}
    (tmp_path / "news" / "train-00001-of-00002-0123456789abcdef.parquet").touch()
    with pytest.raises(DataError, match=r"found 3 files for 2 parts; expected one for each"):
        read(tmp_path / "news")


def test_a_bad_row_is_found_in_its_part(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": list("abcd"), "label": [0, 1, 0, -1]}, features=NEWS)
    parts(tmp_path / "news", rows, "train", 2)
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet:2: found no label"):
        read(tmp_path / "news")


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"text": list("abcd"), "label": [0, 1, 0, 1]}, features=NEWS)
    parts(tmp_path / "news", rows, "train", 2)[1].unlink()
    with pytest.raises(DataError, match=r"found 1 of the 2 parts.* copy .train-00001-of-00002\.parquet"):
        read(tmp_path / "news")


def test_the_parts_of_tagged_sentences_are_read_as_one(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"tokens": [["京", "城"], ["好"]], "ner_tags": [[1, 2], [0]]}, features=TAGS)
    parts(tmp_path / "tags", rows, "train", 2)
    corpus = read(tmp_path / "tags", TAGGED)
    assert len(corpus.splits["train"]) == 2
    assert corpus.notes[0].endswith("tags, 2 files")


def test_saved_tags_become_entity_types(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"tokens": [["京", "城"], ["好"]], "ner_tags": [[1, 2], [0]]}, features=TAGS)
    rows.save_to_disk(tmp_path / "tags")
    corpus = read(tmp_path / "tags", TAGGED)
    assert corpus.labels.names == ("LOC",)
    assert [row.label for row in TAGGED.open(tmp_path / "tags", DataOptions(data=tmp_path)).rows()] == [
        ["B-LOC", "I-LOC"],
        ["O"],
    ]


def test_nested_dictionary_and_list_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "article": pa.array([{"title": "first text"}, {"title": "second text"}]),
            "label": pa.array(["joy", "anger"]).dictionary_encode(),
            "labels": pa.array([["joy", "fear"], []]),
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet", "article.title", "label")
    assert [(row.text, row.label) for row in source.rows()] == [
        ("first text", "joy"),
        ("second text", "anger"),
    ]
    several = read(tmp_path / "a.parquet", SEVERAL_LABELS, text_column="article.title", label_column="labels")
    assert several.labels.names == ("fear", "joy")


@pytest.mark.parametrize("name", ["state.json", "dataset_info.json", "data-00000-of-00001.arrow"])
def test_a_damaged_saved_folder_is_refused(saved: Path, name: str) -> None:
    (saved / "train" / name).write_bytes(b"{damaged")
    with pytest.raises(DataError, match=r"expected a folder that datasets.save_to_disk\(\) wrote"):
        read(saved)


@pytest.mark.parametrize("name", [b"\x80eadline", b"h\xff\xffdline"])
def test_parquet_with_a_column_whose_name_is_damaged_is_refused(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"headline": ["a", "b"], "label": [0, 1]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"headline", name))
    with pytest.raises(DataError, match=r"a.parquet: found .*expected a Parquet file"):
        read(path)


def test_one_split_is_wanted_where_one_source_is(saved: Path) -> None:
    with pytest.raises(DataError, match="several splits: test, train; expected one split"):
        open_source(saved, None, None)


def test_several_splits_without_train_must_be_chosen(saved: Path) -> None:
    (saved / "train").rename(saved / "second")
    with pytest.raises(DataError, match="found second, test; expected a split that is called train"):
        read(saved)


def test_a_column_that_stands_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    table = pa.table([["a", "b"], ["x", "y"], ["y", "x"]], names=["text", "label", "label"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(
        DataError, match=r"a.parquet:1: found the column 'label' twice; expected each name once"
    ):
        read(tmp_path / "a.parquet")
