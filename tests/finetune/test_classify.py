"""Training a classifier from the command line, end to end."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
import torch

from finetune import pipeline
from finetune.cli import main
from finetune.data.corpus import load_corpus
from finetune.folder import claimed
from finetune.pretrained import load_model
from finetune.training import session

if TYPE_CHECKING:
    from pathlib import Path


def arguments(news: Path, encoder: Path, out: Path, *more: str) -> list[str]:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out), "--gpu-id", "-1"]
    return ["classify", *given, "--epochs", "1", "--lr", "1e-3", "--max-rows", "320", *more]


@pytest.fixture(scope="module")
def finished(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "news"
    assert main(arguments(news, encoder, out, "--epochs", "8", "--save-path", str(out.parent / "final"))) == 0
    return out


def test_a_run_learns_the_demo_data(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 0.8
    assert metrics["training"]["steps"] == 80


def test_a_run_leaves_what_the_design_promises(finished: Path) -> None:
    left = {str(one.relative_to(finished)) for one in finished.rglob("*")}
    for name in ("config.json", "metrics.json", "report.md", "model/model.safetensors", "model/README.md"):
        assert name in left
    assert any("events.out.tfevents" in name for name in left)
    assert (finished.parent / "final" / "model.safetensors").is_file()


def test_config_names_versions_and_fingerprints(finished: Path) -> None:
    config = json.loads((finished / "config.json").read_text())
    assert config["versions"]["torch"]
    assert set(config["data"]["fingerprints"]) == {"train", "validation", "test"}


def test_the_model_loads_with_plain_transformers(finished: Path) -> None:
    from transformers import AutoModelForSequenceClassification  # noqa: PLC0415

    model = AutoModelForSequenceClassification.from_pretrained(finished / "model")
    assert model.config.id2label[0] == "体育"


def test_pictures_in_the_report_exist(finished: Path) -> None:
    report = (finished / "report.md").read_text()
    for name in ("curves", "confusion", "calibration"):
        assert f"](pictures/{name}.png)" in report
        assert (finished / "pictures" / f"{name}.png").stat().st_size > 5000


def test_the_report_lists_the_settings_of_its_task_alone(finished: Path) -> None:
    report = (finished / "report.md").read_text()
    assert "| learning_rate |" in report
    assert "| label_smoothing_factor |" in report
    assert "| head | crf |" not in report
    assert "| mlm_probability |" not in report


def test_the_seconds_of_tokenising_are_its_own(
    news: Path,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = [0.0]

    def slow(*given: Any) -> Any:  # noqa: ANN401 - as load_corpus
        late[0] += 1000
        return load_corpus(*given)

    clock = time.monotonic
    monkeypatch.setattr(pipeline, "load_corpus", slow)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late[0])
    assert main(arguments(news, encoder, tmp_path / "run", "--max-steps", "1")) == 0
    said = next(one for one in capsys.readouterr().err.splitlines() if one.startswith("tokens "))
    assert float(said.split(" in ")[1].split()[0]) < 900


def test_the_same_command_again_repeats_the_result(
    finished: Path, news: Path, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(news, encoder, finished, "--epochs", "8")) == 0
    assert "this run is finished" in capsys.readouterr().err


def test_other_settings_do_not_overwrite_a_run(
    finished: Path, news: Path, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(news, encoder, finished, "--epochs", "8", "--lr", "2e-3")) == 2
    assert "learning_rate was 0.001, is 0.002" in capsys.readouterr().err


def test_start_lines_say_what_was_chosen_and_why(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(news, encoder, tmp_path / "run", "--max-steps", "2", "--precision", "fp32")) == 0
    said = capsys.readouterr().err
    for part in ("cpu (--gpu-id -1)", "fp32 (--precision fp32)", "32 texts a step", "2 (--max-steps)"):
        assert part in said


def test_rows_that_cannot_be_read_are_listed(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shutil.copytree(news, tmp_path / "news")
    with (data / "train.txt").open("a", encoding="utf-8") as file:
        file.write("一条没有类别的标题\n")
    assert main(arguments(data, encoder, tmp_path / "run", "--skip-bad-rows")) == 0
    assert "skipped" in capsys.readouterr().err


@pytest.mark.parametrize("stored", ["float16", "bfloat16"])
def test_an_encoder_stored_in_half_precision_is_trained_in_full(
    stored: str, encoder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModel  # noqa: PLC0415 - seconds

    AutoModel.from_pretrained(encoder).to(getattr(torch, stored)).save_pretrained(tmp_path)
    model = load_model("AutoModelForSequenceClassification", str(tmp_path), "auto")
    assert {one.dtype for one in model.parameters()} == {torch.float32}


def test_a_report_that_fails_does_not_cost_the_model(
    news: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "confusion.png")

    command = arguments(news, encoder, tmp_path / "run")
    with monkeypatch.context() as patched:
        patched.setattr(session, "write_report", full)
        assert main(command) == 1
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    assert main(command) == 0


def test_a_run_goes_on_although_the_device_is_named(news: Path, encoder: Path, tmp_path: Path) -> None:
    command = [one for one in arguments(news, encoder, tmp_path / "run") if one not in {"--gpu-id", "-1"}]
    assert main([*command, "--max-steps", "2"]) == 0
    assert main([*command, "--max-steps", "2", "--gpu-id", "-1"]) == 0


def test_two_processes_do_not_train_in_one_folder(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    with claimed(tmp_path / "run"):
        assert main(arguments(news, encoder, tmp_path / "run")) == 2
        assert (
            "run: another process trains there; wait for it, or give --output-dir" in capsys.readouterr().err
        )
        assert main(arguments(news, encoder, tmp_path / "run", "--overwrite")) == 2
    assert main(arguments(news, encoder, tmp_path / "run", "--max-steps", "1", "--overwrite")) == 0
