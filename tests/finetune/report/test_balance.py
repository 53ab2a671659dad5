"""How many rows have each label, said in words."""

from __future__ import annotations

import pytest

from finetune.report.balance import uneven


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([10, 12], "occurs 1.2 times as often as the rarest"),
        ([5, 50], "two occurs 10 times as often as one"),
        ([0, 50], "two occurs while no training row has one"),
    ],
)
def test_uneven_labels_are_named(counts: list[int], said: str) -> None:
    assert said in uneven(counts, ("one", "two"))


def test_a_labels_stars_are_no_markdown() -> None:
    assert "a\\|b occurs 10 times as often as \\*one\\*" in uneven([5, 50], ("*one*", "a|b"))
