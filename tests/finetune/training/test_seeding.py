"""What dropout draws: a function of seed, step and rank."""

from __future__ import annotations

import torch

from finetune.training.seeding import seed_step


def drawn(seed: int, step: int, rank: int) -> list[float]:
    seed_step(seed, step, rank)
    return torch.rand(3).tolist()


def test_a_step_draws_the_same_again_and_every_other_one_something_else() -> None:
    assert drawn(1, 2, 0) == drawn(1, 2, 0)
    others = [drawn(1, 2, 0), drawn(2, 2, 0), drawn(1, 3, 0), drawn(1, 2, 1), drawn(2, 1, 0)]
    assert len({tuple(one) for one in others}) == len(others)
