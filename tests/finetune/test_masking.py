"""Which tokens are masked, and by what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.blocks import BEGINS, CONTINUES, FIXED
from finetune.data.pieces import NOT_WANTED
from finetune.masking import Masking, asked_of
from tests.finetune.marks import WORDS, marks_of

MASK_ID, ORDINARY = 4, np.arange(5, 1000)
SHARES, SEEDS = st.floats(0.05, 0.6), st.integers(0, 99)


def masked(
    marks: np.ndarray, share: float, seed: int, *, whole: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    ids = np.where(marks == FIXED, 2, np.arange(len(marks)) + 5)
    masking = Masking(share, MASK_ID, ORDINARY, whole)
    return masking.apply(ids, marks, np.random.default_rng(seed))


@given(WORDS, SHARES, SEEDS)
def test_single_tokens_are_masked_to_the_share_exactly(words: list[int], share: float, seed: int) -> None:
    _, wanted = masked(marks_of(words), share, seed, whole=False)
    assert (wanted != NOT_WANTED).sum() == (asked_of(sum(words), share) if any(words) else 0)


@given(WORDS, SHARES, SEEDS)
def test_whole_words_go_beyond_the_share_by_less_than_a_word(
    words: list[int], share: float, seed: int
) -> None:
    _, wanted = masked(marks_of(words), share, seed)
    over = (wanted != NOT_WANTED).sum() - asked_of(sum(words), share)
    assert 0 <= over < max(words) if any(words) else (wanted == NOT_WANTED).all()


@given(WORDS, SHARES, SEEDS)
def test_special_tokens_are_never_masked_nor_changed(words: list[int], share: float, seed: int) -> None:
    marks = marks_of(words)
    read, wanted = masked(marks, share, seed)
    assert (wanted[marks == FIXED] == NOT_WANTED).all()
    assert (read[marks == FIXED] == 2).all()


@given(WORDS, SHARES, SEEDS)
def test_a_word_is_masked_whole_or_not_at_all(words: list[int], share: float, seed: int) -> None:
    marks = marks_of(words)
    hidden = masked(marks, share, seed)[1] != NOT_WANTED
    inside = np.flatnonzero(marks == CONTINUES)
    assert (hidden[inside] == hidden[inside - 1]).all()


def test_of_the_chosen_tokens_eight_in_ten_become_the_mask_and_one_another_token() -> None:
    marks = np.full(100_000, BEGINS)
    read, wanted = masked(marks, 0.15, 1)
    chosen = wanted != NOT_WANTED
    assert np.mean(read[chosen] == MASK_ID) == pytest.approx(0.8, abs=0.02)
    assert np.mean(read[chosen] == wanted[chosen]) == pytest.approx(0.1, abs=0.02)
