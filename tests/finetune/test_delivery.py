"""Where --save-path copies the finished model to: nothing that lies there is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.cli import main

if TYPE_CHECKING:
    from pathlib import Path

Said = pytest.CaptureFixture[str]


def arguments(news: Path, target: Path, *more: str) -> list[str]:
    given = ["--data", str(news), "--encoder", "light", "--output-dir", str(target.parent / "run")]
    return ["classify", *given, "--gpu-id", "-1", "--max-steps", "2", "--save-path", str(target), *more]


def test_other_files_are_refused_before_anything_is_trained(news: Path, tmp_path: Path, capsys: Said) -> None:
    other = tmp_path / "final" / "people" / "model.safetensors"
    other.parent.mkdir(parents=True)
    other.write_text("a model of last week")
    assert main(arguments(news, tmp_path / "final")) == 2
    assert "found other files there; give --save-path a new or empty folder" in capsys.readouterr().err
    assert other.read_text() == "a model of last week"
    assert not (tmp_path / "run").exists()


def test_the_run_folder_is_refused(news: Path, tmp_path: Path, capsys: Said) -> None:
    assert main(arguments(news, tmp_path / "run")) == 2
    assert "--save-path and --output-dir are both" in capsys.readouterr().err


def test_exports_outlive_the_model_they_were_made_of(news: Path, tmp_path: Path, capsys: Said) -> None:
    final = tmp_path / "final"
    assert main(arguments(news, final)) == 0
    (final / "exports" / "onnx").mkdir(parents=True)
    assert main(arguments(news, final)) == 0
    assert "(it is there already)" in capsys.readouterr().err
    assert main(arguments(news, final, "--overwrite", "--seed", "1")) == 0
    assert "holds exports of the model that was there before" in capsys.readouterr().err
    assert (final / "exports" / "onnx").is_dir()


def test_an_export_is_no_model_to_be_replaced(news: Path, tmp_path: Path, capsys: Said) -> None:
    exported = tmp_path / "final"
    exported.mkdir()
    for name in ("finetune.json", "model.onnx", "export.json"):
        (exported / name).write_text("{}")
    assert main(arguments(news, exported)) == 2
    assert "found other files there; give --save-path" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_costs_only_the_copy(
    news: Path, tmp_path: Path, capsys: Said
) -> None:
    run = arguments(news, tmp_path / "final")
    assert main([*run, "--save-path", "/proc/final"]) == 1
    assert "error: /proc/final: cannot be written" in capsys.readouterr().err
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    assert main(run) == 0
    assert "this run is finished" in capsys.readouterr().err
