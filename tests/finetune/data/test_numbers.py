"""Numbers of rows in files without a name: the same answers as in memory, also where no file can be had."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.numbers import alike, different, gathered, held_by, shared, spread

if TYPE_CHECKING:
    from pathlib import Path

DIGESTS = st.lists(st.integers(-40, 40), max_size=80).map(lambda found: np.array(found, np.int64))


@given(DIGESTS)
def test_every_row_is_in_one_group_with_its_equals(digests: np.ndarray) -> None:
    groups = list(alike(digests))
    assert sorted(np.concatenate(groups)) == list(range(len(digests)))
    assert sum(len(np.unique(digests[rows])) for rows in groups) == len(np.unique(digests))
    assert different(digests) == len(np.unique(digests))


@given(DIGESTS, DIGESTS)
def test_equal_texts_are_found_as_numpy_finds_them(one: np.ndarray, other: np.ndarray) -> None:
    assert np.array_equal(shared(one, other), np.intersect1d(one, other))
    assert np.array_equal(held_by(one, other), np.isin(one, other))


def test_parts_stand_one_after_another_in_a_file(tmp_path: Path) -> None:
    found = gathered((np.full(3, number, np.int32) for number in range(4)), 12, tmp_path)
    assert found.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found.dtype == np.int64
    assert not found.flags.owndata
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert spread(5, tmp_path).flags.owndata


@pytest.mark.parametrize("count", [0, 5])
def test_without_a_folder_numbers_lie_in_memory(count: int) -> None:
    assert len(spread(count, None)) == count
