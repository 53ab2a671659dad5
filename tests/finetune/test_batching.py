"""Properties of the batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.batching import (
    MemoryRows,
    cut,
    epoch_steps,
    micro_batches,
    pieces_of_a_step,
    rectangle,
    steps_per_epoch,
    widened,
)

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=400).map(np.array)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 9), st.integers(0, 3), st.integers(1, 5))
def test_every_text_is_in_exactly_one_step(
    lengths: np.ndarray, size: int, seed: int, epoch: int, pieces: int
) -> None:
    steps = list(epoch_steps(lengths, size, (seed, epoch), pieces=pieces))
    assert sorted(np.concatenate(steps)) == list(range(len(lengths)))
    assert len(steps) == steps_per_epoch(len(lengths), size)


@given(LENGTHS, st.integers(1, 4000))
def test_micro_batches_stay_within_the_budget(lengths: np.ndarray, budget: int) -> None:
    groups = micro_batches(np.arange(len(lengths)), lengths, budget)
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    assert all(len(one) == 1 or len(one) * lengths[one].max() <= budget for one in groups)


def test_steps_hold_other_texts_in_another_epoch_and_from_the_whole_file() -> None:
    lengths = np.full(20_000, 9)
    one, two = ({frozenset(step.tolist()) for step in epoch_steps(lengths, 32, (0, at))} for at in (0, 1))
    assert not one & two
    assert min(max(step) - min(step) for step in one) > 5_000


def test_epochs_differ_and_repeat_by_the_seed() -> None:
    lengths = np.arange(1, 200)
    first, again, second = (list(epoch_steps(lengths, 8, (5, epoch))) for epoch in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@given(LENGTHS, st.integers(1, 3), st.integers(0, 400), st.integers(1, 3))
def test_an_epoch_goes_on_from_any_of_its_steps(
    lengths: np.ndarray, size: int, first: int, pieces: int
) -> None:
    whole, rest = (list(epoch_steps(lengths, size, (1, 2), at, pieces)) for at in (0, first))
    assert [one.tolist() for one in whole[first:]] == [one.tolist() for one in rest]


@given(LENGTHS, st.integers(1, 4000), st.integers(0, 100))
def test_a_step_is_cut_within_the_budget_and_no_greedy_cut_is_less_work(
    lengths: np.ndarray, budget: int, overhead: int
) -> None:
    def work(parts: list[np.ndarray]) -> int:
        return sum(len(one) * int(lengths[one].max()) + overhead for one in parts)

    found = cut(np.arange(len(lengths)), lengths, budget, overhead)
    assert sorted(np.concatenate(found)) == list(range(len(lengths)))
    assert all(len(one) == 1 or len(one) * lengths[one].max() <= budget for one in found)
    assert work(found) <= work(micro_batches(np.arange(len(lengths)), lengths, budget))
    assert work(found) <= work([np.array([one]) for one in range(len(lengths))])


def test_a_further_micro_batch_must_save_more_padding_than_it_costs() -> None:
    lengths = np.array([2, 9, 2, 9])
    parts = {overhead: len(cut(np.arange(4), lengths, 1000, overhead)) for overhead in (13, 15)}
    assert parts == {13: 2, 15: 1}


def test_a_step_sees_several_lengths_since_they_may_go_with_the_label() -> None:
    lengths = np.repeat([10, 20, 30, 40], 250)
    mixed, alike = (
        [len(np.unique(lengths[one])) for one in epoch_steps(lengths, 32, (0, 0), pieces=pieces)]
        for pieces in (4, 1)
    )
    assert np.mean(mixed) > 2
    assert mixed.count(1) < len(mixed) / 4
    assert np.mean(alike) < 1.2


def test_a_long_run_has_steps_of_one_length() -> None:
    assert pieces_of_a_step(999) > pieces_of_a_step(1000) == 1


def test_padding_is_under_five_percent_on_skewed_lengths() -> None:
    lengths = np.minimum(512, np.random.default_rng(0).lognormal(3.5, 0.8, 20_000).astype(int) + 3)
    parts = [part for step in epoch_steps(lengths, 32, (0, 0)) for part in cut(step, lengths, 1024, 80)]
    computed = sum(len(one) * lengths[one].max() for one in parts)
    assert 1 - lengths.sum() / computed < 0.02
    wide = widened(lengths, 512)
    computed = sum(len(one) * wide[one].max() for one in parts)
    assert 1 - lengths.sum() / computed < 0.05


def test_few_widths_stand_for_all_lengths() -> None:
    lengths = np.arange(1, 513)
    widths = widened(lengths, 500)
    assert (widths[:500] >= lengths[:500]).all()
    assert (widths <= np.minimum(500, lengths * 9 / 8)).all()
    assert len(set(widths.tolist())) < 65


def test_rows_are_made_wider_where_that_is_wanted() -> None:
    made = rectangle(MemoryRows([[7, 8], [9]]), np.arange(2), 5, width=3)
    assert made["input_ids"].tolist() == [[7, 8, 5], [9, 5, 5]]
    assert made["attention_mask"].tolist() == [[1, 1, 0], [1, 0, 0]]
