"""Stored tables: made once, and made again where they are damaged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from finetune.data import store
from finetune.data.store import Stored, file_fingerprint, stored, workplace
from finetune.writing import locked

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


@pytest.mark.parametrize("name", ["table.arrow", "meta.json"])
def test_a_table_that_a_disk_damaged_is_made_again(tmp_path: Path, name: str) -> None:
    numbers(tmp_path)
    path = tmp_path / "rows" / name
    if name == "meta.json":
        path.write_text("{}")
    else:
        contents = path.read_bytes()
        path.write_bytes(contents.replace((2).to_bytes(8, "little"), (7).to_bytes(8, "little")))
    found = numbers(tmp_path)
    assert found.fresh
    assert found.table.column("number").to_pylist() == [1, 2, 3]


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


def test_what_a_killed_start_was_making_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".making-killed").mkdir()
    (tmp_path / ".making-now").mkdir()
    with locked(tmp_path / ".making-now"):
        numbers(tmp_path)
        assert sorted(one.name for one in tmp_path.iterdir()) == [".making-now", "rows"]


def test_what_is_being_made_is_not_swept_away(tmp_path: Path) -> None:
    with workplace(tmp_path) as work:
        numbers(tmp_path)
        assert work.is_dir()


def test_a_file_is_known_by_all_of_its_contents(tmp_path: Path) -> None:
    path, found = tmp_path / "a.txt", set()
    for last in (b"a", b"b"):
        path.write_bytes(bytes((1 << 20) + 5) + last)
        found.add(file_fingerprint([path], path))
    assert len(found) == 2


def test_a_table_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[str], bool]] = []

    def flushed(work: Path) -> None:
        seen.append((sorted(one.name for one in work.glob("[!.]*")), (tmp_path / "rows").exists()))

    monkeypatch.setattr(store, "flush_all", flushed)
    numbers(tmp_path)
    assert seen == [(["meta.json", "table.arrow"], False)]
