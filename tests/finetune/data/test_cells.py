"""What cells of a table hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from finetune.data.cells import as_labels, join_names, split_names
from finetune.data.rows import Row, open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


def rows(path: Path, label: str | None = None, *, several: bool = False) -> list[Row]:
    return list(open_source(path, None, label, blank_labels=several).rows())


def test_bytes_of_parquet_are_utf_8(tmp_path: Path) -> None:
    table = pa.table({"text": ["好".encode(), b"\xff\xfe"], "label": [b"pos", b"neg"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    good, bad = rows(tmp_path / "a.parquet")
    assert (good.text, good.label) == ("好", "pos")
    assert "bytes that are no UTF-8, in column 'text'" in str(bad.problem)


def test_what_pandas_writes_for_missing_is_missing(write: Write) -> None:
    path = write("a.jsonl", '{"text": NaN, "label": "x"}\n{"text": "a", "label": NaN}\n')
    first, second = rows(path)
    assert first.empty
    assert "no label in column 'label'" in str(second.problem)


def test_a_list_is_no_text(write: Write) -> None:
    path = write("a.jsonl", '{"text": ["hello", "world"], "label": "x"}\n')
    assert "which is no text but a list, in column 'text'" in str(rows(path)[0].problem)


@pytest.mark.parametrize("comma", [",", "，"])
def test_a_comma_in_a_name_of_a_list_stays(comma: str) -> None:
    names = (f"health{comma}beauty", "sport")
    assert split_names(as_labels(list(names))) == names
    assert split_names(join_names(names)) == names


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("['joy', 'anger']", ("joy", "anger")),
        ("[0, 3]", ("0", "3")),
        ("[]", ()),
        ("['joy' 'anger']", ("['joy' 'anger']",)),
        ("[joy]", ("[joy]",)),
    ],
)
def test_a_list_that_pandas_wrote_is_a_list_again(cell: str, names: tuple[str, ...]) -> None:
    assert split_names(as_labels(cell)) == names


@pytest.mark.parametrize("several", [False, True])
def test_places_of_entities_are_no_labels(write: Write, *, several: bool) -> None:
    path = write("a.jsonl", '{"text": "a", "label": [[0, 2, "PER"]]}\n')
    assert "learn entities with finetune tag" in str(rows(path, several=several)[0].problem)


JIGSAW = "id,comment_text,toxic,severe_toxic,obscene\n" + "".join(
    f"x{n},this is comment {n},{n % 2},0,{int(n % 3 == 0)}\n" for n in range(12)
)
OBJECTS = "".join(f'{{"text": "t{n}", "labels": {{"joy": {n % 2}, "anger": 0}}}}\n' for n in range(12))


@pytest.mark.parametrize(
    ("name", "contents", "names", "cells"),
    [
        ("a.csv", JIGSAW, ("toxic", "severe_toxic", "obscene"), ["obscene", "toxic", "", "toxic,obscene"]),
        ("a.jsonl", OBJECTS, ("joy", "anger"), ["", "joy", "", "joy"]),
    ],
)
def test_each_label_may_have_a_column(
    write: Write, name: str, contents: str, names: tuple[str, ...], cells: list[str]
) -> None:
    source = open_source(write(name, contents), None, None, blank_labels=True)
    assert source.names == names
    assert [row.label for row in source.rows()][:4] == cells
    assert "0 or 1 for each label in the columns" in source.said


def test_the_columns_of_labels_can_be_named(write: Write) -> None:
    source = open_source(write("a.csv", JIGSAW), None, "obscene,toxic", blank_labels=True)
    assert source.names == ("obscene", "toxic")


def test_neither_0_nor_1_is_named_with_its_column(write: Write) -> None:
    path = write("a.csv", JIGSAW + "x,a late comment,-1,0,0\n")
    row = rows(path, "toxic,severe_toxic", several=True)[-1]
    assert "a.csv:14: found '-1' in the column 'toxic'; expected 0 or 1 for each label" in str(row.problem)
