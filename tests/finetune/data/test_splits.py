"""Properties of the split."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.splits import stratified

ROWS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("xyz")), min_size=2, max_size=60)


@given(ROWS, st.floats(0.05, 0.5), st.integers(0, 99))
def test_every_row_is_on_one_side_and_no_text_on_both(
    rows: list[tuple[str, str]], share: float, seed: int
) -> None:
    texts, labels = [one for one, _ in rows], [one for _, one in rows]
    kept, aside = stratified(texts, labels, share, seed)
    assert sorted([*kept, *aside]) == list(range(len(rows)))
    assert not {texts[n] for n in kept} & {texts[n] for n in aside}


@given(st.integers(0, 99))
def test_every_label_stands_on_both_sides(seed: int) -> None:
    labels = ["common"] * 96 + ["rare"] * 4
    kept, aside = stratified([str(n) for n in range(100)], labels, 0.1, seed)
    assert {labels[n] for n in kept} == {labels[n] for n in aside} == {"common", "rare"}


def test_the_seed_decides() -> None:
    texts, labels = [str(n) for n in range(50)], ["a", "b"] * 25
    one, same, other = (stratified(texts, labels, 0.2, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
