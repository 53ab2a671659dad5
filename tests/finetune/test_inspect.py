"""Looking at data before training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from finetune.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def test_one_is_written_as_one(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("d/train.txt", "same\t0\nsame\t1\nＡ\t1\n")
    folder = write("d/test.txt", "same\t0\n").parent
    assert main(["inspect", str(folder), "--cache-dir", str(folder / "c")]) == 0
    said = capsys.readouterr().out
    for line in (
        "test: 1 row\n",
        "  1 row repeats an earlier text\n",
        "  1 text has other labels in another row\n",
        "  1 text has full-width letters or digits",
        "1 text stands in train and test both\n",
    ):
        assert line in said


def test_it_counts_tokens_and_draws_them(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(news), "--encoder", str(encoder), "--output-dir", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "tokens of a text in train: mean 14" in said
    assert "train: 1,176 rows" in said
    assert "    体育" in said
    assert (tmp_path / "out" / "lengths.png").stat().st_size > 5000


def test_several_labels_are_counted_each(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("a.csv", 'text,labels\na,"joy,fear"\nb,joy\nc,\n')
    for more in (["--multi-label"], ["--task", "multi-label"]):
        given = ["inspect", str(path), *more, "--format", "json", "--cache-dir", str(path.parent / "c")]
        assert main(given) == 0
        assert json.loads(capsys.readouterr().out)["splits"][0]["labels"] == {"fear": 1, "joy": 2}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--task", "tag", "--multi-label"], "found --task tag with --multi-label; accepted: one of them"),
        (["--max-rows", "5"], "unrecognized arguments: --max-rows 5"),
        (["--validation-share", "0.2"], "unrecognized arguments: --validation-share 0.2"),
        (["--drop-shared-texts"], "unrecognized arguments: --drop-shared-texts"),
        (["--long-texts", "windows"], "unrecognized arguments: --long-texts windows"),
    ],
)
def test_what_it_would_not_look_at_is_refused(
    news: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(news), *more]) == 2
    assert said in capsys.readouterr().err


def test_what_is_wrong_with_a_row_is_said_whole(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("a.txt", "京 B-LOC\n\n好\n\n")
    assert main(["inspect", str(path), "--task", "tag", "--cache-dir", str(path.parent / "c")]) == 0
    expected = (
        "expected a word and its tag with white space between, such as '京 B-LOC', and a blank line after"
    )
    assert f"{path}:3: found 1 column: ['好']; {expected}" in capsys.readouterr().out


def test_tagged_data(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("a.txt", "京 B-LOC\n城 I-LOC\n\n好 O\n\n" * 20)
    assert main(["inspect", str(path), "--task", "tag", "--cache-dir", str(path.parent / "c")]) == 0
    assert "BIO tags" in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "nowhere.txt"]) == 2
    assert "there is no such file or folder" in capsys.readouterr().err
