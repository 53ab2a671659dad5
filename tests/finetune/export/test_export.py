"""What an export writes, when it is refused, and that nothing is left where it fails."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from finetune.cli import main
from finetune.export import graph, run
from finetune.export.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from finetune.export.samples import Subject
    from finetune.runtime.engine import Batch


def test_a_folder_holds_all_that_is_needed(exported: Callable[[str, str], Path]) -> None:
    folder = exported("tag", "onnx")
    assert {one.name for one in folder.iterdir()} == {
        "model.onnx",
        "tokenizer.json",
        "finetune.json",
        "export.json",
    }
    record = json.loads((folder / "export.json").read_text())
    assert record["way"] == "as trained"
    assert set(record["latency_ms"]) == {"before", "after"}


def test_a_file_with_labels_shows_what_was_lost(
    models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "eval.tsv").write_text("".join(f"主队新剧{n}\t体育\n" for n in range(9)), encoding="utf-8")
    out = tmp_path / "out"
    given = ["--file", str(tmp_path / "eval.tsv"), "--max-rows", "6", "--output-dir", str(out)]
    assert main(["export", str(models["classify"]), *given]) == 0
    record = json.loads((out / "export.json").read_text())
    assert record["texts"] == "6 texts of eval.tsv"
    assert record["accuracy"]["before"] == record["accuracy"]["after"]
    assert "accuracy" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--max-loss", "--max-rows", "--text-column", "--label-column"])
def test_what_concerns_a_file_is_not_taken_without_one(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "runs/news", option, "2"]) == 2
    assert f"{option}: give --file FILE too" in capsys.readouterr().err


def skewed(path: Path) -> Callable[[Batch], NDArray[np.float32]]:
    """Open a model whose first output is pulled down, as a broken export might."""
    compute = graph.torchscript_compute(path)

    def wrong(batch: Batch) -> NDArray[np.float32]:
        found = compute(batch).copy()
        found[..., 0] -= 5
        return found

    return wrong


def test_a_wrong_export_is_reported_and_not_kept(
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = dataclasses.replace(FORMATS["torchscript"], compute=skewed)
    monkeypatch.setitem(FORMATS, "torchscript", broken)
    given = ["--format", "torchscript", "--output-dir", str(tmp_path / "out")]
    assert main(["export", str(models["classify"]), *given]) == 1
    said = capsys.readouterr().err
    assert "probabilities differ by up to" in said
    assert "the same answer to" in said
    assert "the first text with another answer is '" in said
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_not_overwritten(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["export", str(models["classify"]), "--output-dir", str(tmp_path)]) == 2
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_weights_beyond_one_file_lie_beside_the_graph(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "ONE_FILE", 1000)
    assert main(["export", str(models["classify"]), "--output-dir", str(tmp_path / "out")]) == 0
    modes = {(tmp_path / "out" / one).stat().st_mode for one in ("model.onnx", "model.onnx.data")}
    assert len(modes) == 1, "others may read one and not the other"


def test_weights_beyond_2_gib_are_measured_without_writing_them() -> None:
    half = SimpleNamespace(raw_data=range(1 << 30))
    large = SimpleNamespace(graph=SimpleNamespace(initializer=[half, half, half]))
    assert graph.weight_bytes(large) == 3 << 30  # type: ignore[arg-type]


def test_another_tokenizer_in_the_folder_is_noticed(
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    honest = run.write_companions

    def other(subject: Subject, folder: Path) -> None:
        honest(subject, folder)
        path = folder / "tokenizer.json"
        contents = json.loads(path.read_text(encoding="utf-8"))
        known = contents["model"]["vocab"]
        known["央"], known["行"] = known["行"], known["央"]
        path.write_text(json.dumps(contents), encoding="utf-8")

    monkeypatch.setattr(run, "write_companions", other)
    given = ["--format", "torchscript", "--output-dir", str(tmp_path / "out")]
    assert main(["export", str(models["classify"]), *given]) == 1
    assert "the tokenizer in the folder" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["predict", "evaluate", "export"])
def test_an_export_is_no_run_and_is_told_from_one(
    verb: str, exported: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"predict": ["国足"], "evaluate": ["nowhere.tsv"], "export": []}[verb]
    assert main([verb, str(exported("classify", "onnx")), *more]) == 2
    assert "found an export; accepted: a run folder" in capsys.readouterr().err
