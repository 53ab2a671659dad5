"""Logits of the windows of a text become logits of the text."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.answers.pooling import pooled


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(0, 1000))
def test_pooled_logits_are_the_mean_of_each_texts_windows(counts: list[int], seed: int) -> None:
    rows = np.repeat(np.arange(len(counts)) * 3, counts)  # texts without a row leave gaps
    logits = list(np.random.default_rng(seed).normal(size=(len(rows), 4)).astype(np.float32))
    found = pooled(logits, rows)
    for at, first in enumerate(found.first):
        members = [one for one, row in zip(logits, rows, strict=True) if row == rows[first]]
        np.testing.assert_allclose(found.logits[at], np.mean(members, axis=0), atol=1e-6)


def test_one_row_a_text_stays_as_it_is() -> None:
    logits = [np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32)]
    np.testing.assert_array_equal(pooled(logits, [5, 6]).logits, np.stack(logits))
