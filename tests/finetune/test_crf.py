"""The CRF against all sequences written out."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.answers.viterbi import FORBIDDEN, best_path, legal_moves, marginals
from finetune.crf import Crf, words_first
from finetune.data.tags import bio_tags

TAGS = bio_tags(("A", "B"))


def score(emissions: np.ndarray, moves: np.ndarray, path: tuple[int, ...]) -> float:
    total = moves[-1, path[0]] + emissions[0, path[0]]
    return float(total + sum(moves[a, b] + emissions[n, b] for n, (a, b) in enumerate(pairwise(path), 1)))


@given(st.integers(1, 4), st.integers(0, 999))
def test_the_best_path_is_the_best_of_all(length: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    emissions = generator.normal(size=(length, len(TAGS))).astype(np.float32)
    moves = legal_moves(TAGS) + generator.normal(size=(len(TAGS) + 1, len(TAGS))).astype(np.float32)
    found = best_path(emissions, moves)
    best = max(product(range(len(TAGS)), repeat=length), key=lambda path: score(emissions, moves, path))
    assert score(emissions, moves, tuple(found)) == pytest.approx(score(emissions, moves, best), rel=1e-5)


@given(st.integers(1, 4), st.integers(0, 999))
def test_marginals_are_those_of_all_sequences(length: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    emissions = generator.normal(size=(length, len(TAGS))).astype(np.float32)
    moves = legal_moves(TAGS) + generator.normal(size=(len(TAGS) + 1, len(TAGS))).astype(np.float32)
    expected = np.zeros((length, len(TAGS)))
    for path in product(range(len(TAGS)), repeat=length):
        expected[np.arange(length), path] += np.exp(score(emissions, moves, path))
    expected /= expected.sum(1, keepdims=True)
    assert marginals(emissions, moves) == pytest.approx(expected, rel=1e-4, abs=1e-9)


@given(st.integers(1, 30), st.integers(0, 999))
def test_no_path_is_illegal(length: int, seed: int) -> None:
    emissions = np.random.default_rng(seed).normal(size=(length, len(TAGS)), scale=9).astype(np.float32)
    before = "O"
    for tag in (TAGS[n] for n in best_path(emissions, legal_moves(TAGS))):
        assert not tag.startswith("I-") or before[2:] == tag[2:]
        before = tag


@given(st.integers(1, 4), st.integers(0, 99))
def test_the_loss_is_that_of_all_sequences(length: int, seed: int) -> None:
    torch.manual_seed(seed)
    crf = Crf(TAGS)
    crf.moves.data.normal_(std=0.05)
    emissions = torch.randn(1, length, len(TAGS))
    tags = [0] * length
    moves = crf.numpy_scores()
    paths = product(range(len(TAGS)), repeat=length)
    scores = [score(emissions[0].numpy(), moves, path) for path in paths]
    expected = torch.logsumexp(torch.tensor(scores), 0) - score(emissions[0].numpy(), moves, tuple(tags))
    found = crf.loss(emissions, torch.tensor([tags]), torch.ones(1, length, dtype=torch.bool))
    assert found.item() == pytest.approx(expected.item(), rel=1e-3, abs=1e-3)


def test_a_window_that_begins_within_an_entity_has_a_loss_like_any_other() -> None:
    crf, emissions, mask = Crf(TAGS), torch.zeros(1, 3, len(TAGS)), torch.ones(1, 3, dtype=torch.bool)
    inside, outside = TAGS.index("I-A"), TAGS.index("O")
    found = crf.loss(emissions, torch.tensor([[inside, inside, outside]]), mask)
    assert 0 < found.item() < 3 * math.log(len(TAGS))


def test_padding_changes_nothing() -> None:
    crf, emissions = Crf(TAGS), torch.randn(2, 6, len(TAGS))
    targets = torch.tensor([[-100, 1, -100, 2, 0, -100], [-100, 0, -100, -100, -100, -100]])
    both = crf.loss(*words_first(emissions, targets))
    each = [crf.loss(*words_first(emissions[n : n + 1], targets[n : n + 1])) for n in (0, 1)]
    assert both.item() == pytest.approx(sum(one.item() for one in each), rel=1e-5)
    assert both.item() < -FORBIDDEN
