"""Long texts from the command line: only the end of a review says what was thought."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from finetune.cli import main
from finetune.data.labels import LabelSet
from finetune.predict import Predictor
from finetune.samples.reviews import ROWS, VERDICTS, write_reviews
from finetune.tasks.classification import Classification
from finetune.tasks.multilabel import MultiLabel

if TYPE_CHECKING:
    from pathlib import Path

LABELS = LabelSet(tuple(VERDICTS))


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reviews(tmp_path_factory.mktemp("reviews"))


def train(reviews: Path, out: Path, how: str, *more: str) -> dict[str, dict[str, float]]:
    given = ["--data", str(reviews), "--encoder", "light", "--long-texts", how, "--output-dir", str(out)]
    rates = ["--max-length", "24", "--epochs", "6", "--lr", "2e-2", "--gpu-id", "-1"]
    assert main(["classify", *given, *rates, *more]) == 0
    found: dict[str, dict[str, float]] = json.loads((out / "metrics.json").read_text())
    return found


@pytest.fixture(scope="module")
def windowed(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "windows"
    train(reviews, out, "windows")
    return out


def test_the_head_alone_does_not_tell(reviews: Path, tmp_path: Path) -> None:
    assert train(reviews, tmp_path / "run", "head")["test"]["accuracy"] < 0.7


def test_head_and_tail_tell(reviews: Path, tmp_path: Path) -> None:
    assert train(reviews, tmp_path / "run", "head_tail")["test"]["accuracy"] > 0.9


def test_windows_tell_and_are_judged_by_text(windowed: Path) -> None:
    assert json.loads((windowed / "metrics.json").read_text())["test"]["accuracy"] > 0.9
    report = (windowed / "report.md").read_text()
    assert f"rows: {ROWS['train'] * 9 // 10} for train" in report  # a tenth validates
    texts = [line.split("|")[-2].strip() for line in report.splitlines() if line.startswith("| positive |")]
    assert str(ROWS["test"] // 2) in texts


def test_evaluate_and_predict_pool_as_training_did(
    windowed: Path, reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(windowed), str(reviews / "test"), "--gpu-id", "-1"]) == 0
    measured = json.loads(capsys.readouterr().out)["accuracy"]
    predictor, right = Predictor(windowed, gpu_id=-1), 0
    for name in VERDICTS:
        texts = [one.read_text() for one in (reviews / "test" / name).iterdir()]
        answers = list(predictor.answers(texts))
        assert len(answers) == len(texts)
        right += sum(one["label"] == name for one in answers)
    assert measured == right / ROWS["test"]


def test_several_labels_with_windows(reviews: Path, tmp_path: Path) -> None:
    metrics = train(reviews, tmp_path / "run", "windows", "--multi-label")
    assert metrics["test"]["micro_f1"] > 0.9
    plot = "The night train to the coast stops in the snow. " * 9
    predictor = Predictor(tmp_path / "run", gpu_id=-1)
    assert predictor(plot + "I left the room smiling. Go and see it.")["label"] == ["positive"]


@pytest.mark.parametrize("kind", [Classification, MultiLabel])
def test_windows_with_the_same_weight_lose_what_single_texts_lose(kind: type[Classification]) -> None:
    logits = torch.tensor([[0.3, -0.2], [1.0, 0.5]])
    answers = torch.tensor([[1.0, 0.0], [0.0, 1.0]]) if kind is MultiLabel else torch.tensor([[0.0], [1.0]])
    plain = answers if kind is MultiLabel else answers.flatten().long()
    weighed = torch.cat([torch.ones(2, 1), answers], 1)
    whole = kind(LABELS, long_texts="windows").loss(logits, weighed)
    torch.testing.assert_close(whole, kind(LABELS).loss(logits, plain))
