"""Runs side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from finetune.cli import main

if TYPE_CHECKING:
    from pathlib import Path


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


def finished(folder: Path, prints: dict[str, str], **settings: object) -> str:
    """Write what a comparison reads of a finished run."""
    (folder / "model").mkdir(parents=True)
    config = {
        "task": "classify",
        "settings": {"all": settings},
        "data": {"fingerprints": prints},
        "versions": {},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text(json.dumps({"validation": {"f1": 0.5}, "test": {"f1": 0.5}}))
    return str(folder)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("train",), "the validation and test rows were set aside from one file, and not the same ones"),
        (("train", "test"), "the validation rows were set aside from one file, and not the same ones"),
        (("train", "validation", "test"), ""),
    ],
)
def test_rows_that_were_drawn_by_another_seed_are_no_fair_comparison(
    files: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prints = dict.fromkeys(files, "1")
    assert main(["compare", *(finished(tmp_path / str(seed), prints, seed=seed) for seed in (1, 2))]) == 0
    found = capsys.readouterr()
    assert found.err.startswith(said) if said else not found.err
    assert "drawn" not in found.out


def test_runs_of_one_name_are_told_apart_by_their_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [finished(tmp_path / name / "news", {}, seed=1) for name in ("old", "new")]
    assert main(["compare", *runs]) == 0
    assert capsys.readouterr().out.startswith(f"|  | {runs[0]} | {runs[1]} |")
