"""Properties of the batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.batching import epoch_steps, micro_batches, steps_per_epoch

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=400).map(np.array)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 9), st.integers(0, 3))
def test_every_text_is_in_exactly_one_step(lengths: np.ndarray, size: int, seed: int, epoch: int) -> None:
    steps = list(epoch_steps(lengths, size, seed, epoch))
    assert sorted(np.concatenate(steps)) == list(range(len(lengths)))
    assert len(steps) == steps_per_epoch(len(lengths), size)


@given(LENGTHS, st.integers(1, 4000))
def test_micro_batches_stay_within_the_budget(lengths: np.ndarray, budget: int) -> None:
    groups = micro_batches(np.arange(len(lengths)), lengths, budget)
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    assert all(len(one) == 1 or len(one) * lengths[one].max() <= budget for one in groups)


def test_epochs_differ_and_repeat_by_the_seed() -> None:
    lengths = np.arange(1, 200)
    first, again, second = (list(epoch_steps(lengths, 8, 5, epoch)) for epoch in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@given(LENGTHS, st.integers(1, 3), st.integers(0, 400))
def test_an_epoch_goes_on_from_any_of_its_steps(lengths: np.ndarray, size: int, first: int) -> None:
    whole, rest = (list(epoch_steps(lengths, size, 1, 2, at)) for at in (0, first))
    assert [one.tolist() for one in whole[first:]] == [one.tolist() for one in rest]


def test_padding_is_under_five_percent_on_skewed_lengths() -> None:
    lengths = np.minimum(512, np.random.default_rng(0).lognormal(3.5, 0.8, 20_000).astype(int) + 3)
    steps = list(epoch_steps(lengths, 32, 0, 0))
    computed = sum(len(one) * lengths[one].max() for one in steps)
    assert 1 - lengths.sum() / computed < 0.05
