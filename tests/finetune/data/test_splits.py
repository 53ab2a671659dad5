"""Properties of the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data import splits
from finetune.data.splits import by_label, stratified

if TYPE_CHECKING:
    from finetune.data.numbers import Index

ROWS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("xyz")), min_size=2, max_size=60)


def numbers(values: list[str]) -> Index:
    return np.unique(values, return_inverse=True)[1]


@given(ROWS, st.floats(0.05, 0.5), st.integers(0, 99))
def test_every_row_is_on_one_side_and_no_text_on_both(
    rows: list[tuple[str, str]], share: float, seed: int
) -> None:
    texts, labels = numbers([one for one, _ in rows]), numbers([one for _, one in rows])
    parts = stratified(texts, labels, [share, share], seed)
    assert sorted(np.concatenate(parts)) == list(range(len(rows)))
    assert len(np.unique(texts)) == sum(len(np.unique(texts[part])) for part in parts)


@given(st.integers(0, 99))
def test_every_label_stands_on_both_sides(seed: int) -> None:
    labels = numbers(["common"] * 96 + ["rare"] * 4)
    kept, *aside = stratified(np.arange(100), labels, [0.1, 0.1], seed)
    assert all(set(labels[part]) == {0, 1} for part in (kept, *aside))
    assert [len(part) for part in aside] == [11, 11]


def test_a_share_of_nothing_takes_nothing() -> None:
    assert len(stratified(np.arange(9), np.zeros(9, np.int64), [0.1, 0.0], 1)[2]) == 0


def test_the_seed_decides() -> None:
    texts, labels = np.arange(50), numbers(["a", "b"] * 25)
    one, same, other = (stratified(texts, labels, [0.2], seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1), st.integers(1, 9))
def test_rows_are_found_by_their_label_however_many_fit_in_a_pass(
    rows: list[tuple[int, bool]], fit: int
) -> None:
    labels, wanted = (np.array(column) for column in zip(*rows, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "ROWS_A_PASS", fit)
        found = [group.tolist() for group in by_label(labels, wanted)]
    assert found == [np.flatnonzero(wanted & (labels == one)).tolist() for one in range(labels.max() + 1)]
