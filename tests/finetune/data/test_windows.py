"""Windows over the words of a long sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from finetune.data.windows import Window, windows


@given(st.lists(st.integers(1, 9), min_size=1, max_size=120), st.integers(9, 40))
def test_windows_own_every_word_once_and_stay_within_the_room(sizes: list[int], room: int) -> None:
    cut = windows(sizes, room)
    assert [at for one in cut for at in range(one.own_start, one.own_end)] == list(range(len(sizes)))
    for one in cut:
        assert one.start <= one.own_start <= one.own_end <= one.end
        assert sum(sizes[one.start : one.end]) <= room


def test_a_short_sentence_is_one_window() -> None:
    assert len(windows([1] * 30, 30)) == 1


def test_windows_share_a_quarter_and_the_border_is_in_its_middle() -> None:
    assert windows([1] * 20, 8) == [Window(0, 8, 0, 7), Window(6, 14, 7, 13), Window(12, 20, 13, 20)]
