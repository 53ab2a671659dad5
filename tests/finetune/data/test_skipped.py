"""What is said of the rows that were left out."""

from __future__ import annotations

from finetune.data.skipped import SHOWN, tell_skipped


def test_few_rows_are_listed_and_need_no_sum() -> None:
    said: list[str] = []
    tell_skipped(["a", "b"], 2, said.append)
    assert said == ["skipped    a", "skipped    b"]


def test_many_rows_are_counted_and_not_all_listed() -> None:
    said: list[str] = []
    tell_skipped(["a"] * 1000, 5000, said.append)
    assert len(said) == SHOWN + 1
    assert said[-1] == "skipped    5,000 rows in all"
