"""Stored tables: made once, and made again where they are damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from finetune.data.store import Stored, stored

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
