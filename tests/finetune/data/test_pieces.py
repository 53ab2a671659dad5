"""What the model reads of a long text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.pieces import kept, sliding

ROOMS = st.integers(1, 40)
TEXTS = st.integers(0, 200).map(lambda size: list(range(size)))


@given(TEXTS, ROOMS)
def test_every_token_is_in_a_window(ids: list[int], room: int) -> None:
    assert sorted({one for window in sliding(ids, room) for one in window}) == ids


@given(TEXTS, ROOMS)
def test_windows_of_a_long_text_are_full_and_each_says_something_new(ids: list[int], room: int) -> None:
    windows = sliding(ids, room)
    assert all(len(one) == min(room, len(ids)) for one in windows)
    assert len({tuple(one) for one in windows}) == len(windows)


@given(TEXTS, ROOMS, st.sampled_from(["head", "head_tail"]))
def test_what_is_kept_fits_and_stays_in_order(ids: list[int], room: int, how: str) -> None:
    (piece,) = kept(ids, room, how)
    assert len(piece) == min(room, len(ids))
    assert piece == sorted(set(piece))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("head", [[0, 1, 2, 3]]),
        ("head_tail", [[0, 7, 8, 9]]),
        ("windows", [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]),
    ],
)
def test_a_text_of_ten_with_room_for_four(how: str, expected: list[list[int]]) -> None:
    assert kept(list(range(10)), 4, how) == expected
