"""Evaluation, early stopping, the best checkpoint, and what ends a run."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch

from finetune.cli import main
from finetune.tasks.classification import Classification
from finetune.training.checkpoint import State
from finetune.training.loop import Loop

if TYPE_CHECKING:
    from pathlib import Path


def train(news: Path, encoder: Path, out: Path, *more: str) -> int:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out), "--gpu-id", "-1"]
    return main(["classify", *given, "--max-rows", "128", "--batch-size", "16", *more])


def scripted(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    rest = iter(values)
    real = Classification.metrics

    def metrics(self: Classification, logits: Any, encoded: Any) -> dict[str, float]:  # noqa: ANN401
        return {**real(self, logits, encoded), "accuracy": next(rest, 0.0)}

    monkeypatch.setattr(Classification, "metrics", metrics)


def test_early_stopping_ends_after_its_patience(
    news: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [0.2, 0.5, 0.4, 0.3, 0.9])
    assert train(news, encoder, tmp_path / "run", "--epochs", "9", "--early-stopping-patience", "2") == 0
    training = json.loads((tmp_path / "run" / "metrics.json").read_text())["training"]
    assert training["steps"] == 4 * 8
    assert training["best_step"] == 2 * 8
    assert training["stopped_early"]


def judged(state: State, metric: str, found: dict[str, float]) -> State:
    loop = cast("Loop", SimpleNamespace(
        state=state, metric=metric, measured=lambda: found, evaluation_line=lambda *_, **__: "",
        around=SimpleNamespace(
            options=SimpleNamespace(early_stopping_patience=None),
            scalars=SimpleNamespace(write=lambda *_: None), say=print,
        ),
    ))  # fmt: skip
    Loop.evaluate(loop)
    return state


@pytest.mark.parametrize(
    ("metric", "accuracy", "loss", "best"),
    [("accuracy", 0.5, 0.6, 9), ("accuracy", 0.5, 0.8, 1), ("loss", 0.5, 0.4, 9), ("loss", 0.9, 0.8, 1)],
)
def test_the_best_is_the_surer_of_two_that_are_equal_and_a_loss_is_better_when_lower(
    metric: str, accuracy: float, loss: float, best: int
) -> None:
    value = 0.5 if metric == "accuracy" else -0.7
    state = State(step=9, best_step=1, best_value=value, best_loss=0.7)
    assert judged(state, metric, {"accuracy": accuracy, "loss": loss}).best_step == best


def test_a_loss_that_is_no_number_ends_the_run_with_advice(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(news, encoder, tmp_path / "run", "--lr", "1e30", "--max-grad-norm", "0") == 1
    assert "try a lower --learning-rate (now 1e+30)" in capsys.readouterr().err


@pytest.mark.parametrize(("device", "share", "warned"), [("cuda", 0.5, 1), ("cuda", 0.1, 0), ("cpu", 0.5, 0)])
def test_a_gpu_that_waits_for_its_batches_is_told_once(device: str, share: float, warned: int) -> None:
    said: list[str] = []
    loop = cast("Loop", SimpleNamespace(
        warned=False,
        around=SimpleNamespace(say=said.append),
        stepper=SimpleNamespace(work=SimpleNamespace(device=SimpleNamespace(device=torch.device(device)))),
    ))  # fmt: skip
    for _ in range(2):
        Loop.warn_of_waiting(loop, share)
    assert len(said) == warned
    assert all("the GPU waits: 50% of the time goes into preparing batches" in one for one in said)


def test_an_unknown_metric_is_refused_before_training(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(news, encoder, tmp_path / "run", "--metric-for-best-model", "acuracy") == 2
    assert "accepted: accuracy" in capsys.readouterr().err


def test_a_run_tells_how_long_it_will_take_once_steps_were_measured(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(news, encoder, tmp_path / "run", "--epochs", "6") == 0
    said = capsys.readouterr().err
    assert re.search(r"time       about \d+:\d\d for all 48 steps, from one batch\n", said)
    assert "for 27 more steps, from the first 20" in said


def test_tensorboard_gets_throughput_and_the_norm_of_the_gradient(
    news: Path, encoder: Path, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped] # noqa: PLC0415 - slow

    assert train(news, encoder, tmp_path / "run", "--max-steps", "4") == 0
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    names = ("loss", "learning_rate", "gradient_norm", "texts_per_second", "tokens_per_second")
    assert {f"train/{name}" for name in names} <= set(events.Tags()["scalars"])
    assert [one.step for one in events.Scalars("train/gradient_norm")] == [1, 2, 3, 4]
    assert all(one.value > 0 for one in events.Scalars("train/tokens_per_second"))
