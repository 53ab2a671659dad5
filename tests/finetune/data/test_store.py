"""Stored tables: made once, and made again where they are damaged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from finetune.data.store import Stored, file_fingerprint, stored

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = pa.schema([("number", pa.int64())])


def numbers(folder: Path) -> Stored:
    return stored(folder / "rows", SCHEMA, lambda _meta: [{"number": [1, 2, 3]}])


def test_a_table_is_made_once(tmp_path: Path) -> None:
    assert numbers(tmp_path).fresh
    assert not numbers(tmp_path).fresh


@pytest.mark.parametrize("name", ["table.arrow", "meta.json"])
@pytest.mark.parametrize("left", [0, 10])
def test_a_table_that_a_power_cut_damaged_is_made_again(tmp_path: Path, name: str, left: int) -> None:
    numbers(tmp_path)
    path = tmp_path / "rows" / name
    path.write_bytes(path.read_bytes()[: left if name == "table.arrow" else 0])
    found = numbers(tmp_path)
    assert found.fresh
    assert found.table.column("number").to_pylist() == [1, 2, 3]
    assert [one.name for one in tmp_path.iterdir()] == ["rows"]


def test_the_end_of_a_name_is_not_taken_for_contents(tmp_path: Path) -> None:
    names = [("ab", "c"), ("a", "bc"), ("a", "b")]
    prints = []
    for name, contents in names:
        (tmp_path / name).write_text(contents)
        prints.append(file_fingerprint([tmp_path / name], tmp_path))
    assert len(set(prints)) == 3


def test_a_name_that_is_no_utf8_has_a_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("体育.txt".encode("gbk"))
    path.write_text("text")
    assert file_fingerprint([path], tmp_path)
