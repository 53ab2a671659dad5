"""Words for messages."""

from __future__ import annotations

import pytest

from finetune.wording import first_line


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("\n  CUDA error\nCompile with TORCH_USE_CUDA_DSA"), "CUDA error"),
        (RuntimeError(""), "RuntimeError"),
        (ValueError("x" * 999), "x" * 200),
    ],
)
def test_of_what_a_library_says_the_first_line_is_told(error: Exception, said: str) -> None:
    assert first_line(error) == said
