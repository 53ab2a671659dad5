"""The marks of words of so many pieces each; 0 is a special token."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from finetune.data.blocks import BEGINS, CONTINUES, FIXED

WORDS = st.lists(st.integers(0, 4), min_size=1, max_size=60)  # pieces of each word; 0 is a special token


def marks_of(words: list[int]) -> np.ndarray:
    return np.array([mark for n in words for mark in ([BEGINS] + [CONTINUES] * (n - 1) if n else [FIXED])])
