"""Random numbers and repeatable kernels.

What dropout draws in a step is a function of seed, step and rank alone. So no checkpoint needs to hold a
random state, a step that is tried again after running out of memory draws the same numbers, and processes
that train together draw different ones.
"""

from __future__ import annotations

import os
import random

import numpy as np
import torch

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"  # without it cuBLAS may sum in any order


def seed_everything(seed: int, *, deterministic: bool) -> None:
    """Seed what draws random numbers, and choose repeatable kernels if wanted."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - third-party code may draw from the global generator
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(deterministic)
    if deterministic:
        os.environ.setdefault(CUBLAS, ":4096:8")  # read when CUDA's first product is computed, which is later
        torch.backends.cudnn.benchmark = False


def seed_step(seed: int, step: int, rank: int) -> None:
    """Seed the generators of all devices for one step of one process."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]))
