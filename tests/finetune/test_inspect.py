"""Looking at data before training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from finetune.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Write = Callable[[str, str | bytes], Path]


def test_it_finds_duplicates_conflicts_and_leaks(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("d/train.txt", "same\t0\nsame\t1\ntwice\t1\ntwice\t1\nleaked\t0\n")
    folder = write("d/test.txt", "leaked\t0\nother\t1\n").parent
    assert main(["inspect", str(folder), "--format", "json", "--cache-dir", str(folder / "c")]) == 0
    found = json.loads(capsys.readouterr().out)
    train = found["splits"][0]
    assert train["duplicates"] == 2
    assert train["conflicts"] == {"count": 1, "texts": ["same: 0 / 1"]}
    assert found["in two splits"]["train and test"] == {"count": 1, "texts": ["leaked"]}


def test_it_counts_tokens_and_draws_them(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(news), "--encoder", str(encoder), "--output-dir", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "tokens of a text in train: mean 14" in said
    assert "体育" not in said or "train: 1,176 rows" in said
    assert (tmp_path / "out" / "lengths.png").stat().st_size > 5000


def test_tagged_data(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("a.txt", "京 B-LOC\n城 I-LOC\n\n好 O\n\n" * 20)
    assert main(["inspect", str(path), "--task", "tag", "--cache-dir", str(path.parent / "c")]) == 0
    assert "BIO tags" in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "nowhere.txt"]) == 2
    assert "there is no such file or folder" in capsys.readouterr().err
