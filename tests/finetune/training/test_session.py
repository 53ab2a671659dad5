"""A session asks before it stops, and takes its seed and its number of checkpoints from the options."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from finetune.cli import main
from finetune.training.checkpoint import Checkpoints
from finetune.training.seeding import seed_everything
from finetune.training.session import StopSignal

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.tasks.base import Prepared


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_does_what_it_always_did(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopSignal() as stop:
        assert signal.getsignal(number) is not before, "raised, it would end the tests"
        signal.raise_signal(number)
        assert stop.asked
        assert signal.getsignal(number) is before


@pytest.fixture(scope="module")
def run(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out), "--gpu-id", "-1"]
    steps = ["--max-rows", "64", "--batch-size", "16", "--max-steps", "5", "--eval-steps", "5"]
    more = ["--save-steps", "1", "--save-total-limit", "3", "--seed", "7", "--lr", "1e-12"]
    assert main(["classify", *given, *steps, *more]) == 0
    return out


def test_a_head_begins_as_its_seed_makes_it(run: Path, ready: Prepared) -> None:
    seed_everything(7, deterministic=False)
    expected = ready.task.build(ready.encoder, "auto").state_dict()["classifier.weight"]
    found = load_file(run / "model" / "model.safetensors")["classifier.weight"]
    assert torch.allclose(found, expected, atol=1e-9)


def test_as_many_checkpoints_are_kept_as_were_asked_for(run: Path) -> None:
    assert Checkpoints(run / "checkpoints", 3).steps() == [3, 4, 5]
