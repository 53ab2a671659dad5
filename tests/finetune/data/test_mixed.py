"""Splits of rows with several labels each are like the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.corpus import load_corpus
from finetune.data.mixed import mixed
from finetune.data.shape import SEVERAL_LABELS
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

TEXTS = st.lists(st.tuples(st.integers(0, 30), st.sets(st.sampled_from("abcdef"))), min_size=2, max_size=60)


def numbered(held: list[tuple[str, ...]]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    sets = sorted(set(held))
    return np.array([sets.index(one) for one in held]), sets


@given(TEXTS, st.floats(0.05, 0.5), st.integers(0, 99))
def test_every_row_is_on_one_side_and_no_text_on_both(
    rows: list[tuple[int, set[str]]], share: float, seed: int
) -> None:
    texts = np.array([text for text, _ in rows])
    parts = mixed(texts, numbered([tuple(sorted(held)) for _, held in rows]), [share, share], seed)
    assert sorted(np.concatenate(parts)) == list(range(len(rows)))
    assert len(np.unique(texts)) == sum(len(np.unique(texts[part])) for part in parts)
    assert len(parts[0])


@given(TEXTS, st.integers(0, 99))
def test_every_label_keeps_a_text(rows: list[tuple[int, set[str]]], seed: int) -> None:
    held = [tuple(sorted(one)) for _, one in rows]
    kept = mixed(np.arange(len(held)), numbered(held), [0.5, 0.4], seed)[0]
    assert {label for row in kept for label in held[row]} == {label for one in held for label in one}


@pytest.mark.parametrize(("labels", "share"), [(6, 0.4), (12, 0.3), (40, 0.03)])
def test_the_parts_are_like_the_whole(write: Write, labels: int, share: float) -> None:
    generator = np.random.default_rng(0)
    holds = generator.random((2000, labels)) < share
    cells = [" ".join(f"l{n}," for n in np.flatnonzero(row)) for row in holds]
    path = write("a.jsonl", "".join(f'{{"text": "{n}", "labels": "{one}"}}\n' for n, one in enumerate(cells)))
    splits = load_corpus(DataOptions(data=path, cache_dir=path.parent), 1, SEVERAL_LABELS).splits
    assert [len(one) for one in splits.values()] == [1600, 200, 200]
    for part in (splits["validation"], splits["test"]):
        found, error = holds[part.index], np.sqrt(share / len(part))
        assert abs((found.sum(1) > 1).mean() - (holds.sum(1) > 1).mean()) < 0.05
        assert np.abs(found.mean(0) - holds.mean(0)).max() < 3 * error


def test_a_share_of_nothing_takes_nothing() -> None:
    assert len(mixed(np.arange(9), (np.zeros(9, np.int64), [("a", "b")]), [0.1, 0.0], 1)[2]) == 0
