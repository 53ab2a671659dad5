"""Runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_two_runs_and_where_they_differ(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, rate in (("one", "1e-3"), ("two", "2e-3")):
        given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(tmp_path / name)]
        assert (
            main(["classify", *given, "--max-rows", "64", "--max-steps", "1", "--gpu-id", "-1", "--lr", rate])
            == 0
        )
    assert main(["compare", str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "|  | one | two |"
    assert "| learning_rate | 0.0010 | 0.0020 |" in said
    assert any(line.startswith("| test accuracy |") for line in said)
    assert not any(line.startswith("| seed |") for line in said)
    (tmp_path / "other").mkdir()
    assert main(["compare", *(str(tmp_path / name) for name in ("one", "other", "two"))]) == 0
    said_too = capsys.readouterr()
    assert said_too.out.splitlines() == said
    assert "left out" in said_too.err


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path)]) == 2
    assert "found no config.json; expected the folder of a finished run" in capsys.readouterr().err
