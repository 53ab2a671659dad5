"""A run that was stopped, killed or damaged ends with the weights of one that was left alone, to the bit."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from safetensors.torch import load_file, save_file

from finetune.cli import main
from finetune.demo import TINY, titles, write_encoder
from finetune.training import checkpoint, session
from finetune.training.checkpoint import Checkpoints
from finetune.training.loop import Loop
from finetune.training.step import Stepper

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

ROOT = Path(__file__).resolve().parents[3]
MORE = (
    "--max-rows",
    "256",
    "--max-steps",
    "18",
    "--save-steps",
    "3",
    "--eval-steps",
    "6",
    "--batch-size",
    "16",
)


def arguments(news: Path, encoder: Path, out: Path, *more: str) -> list[str]:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out), "--gpu-id", "-1"]
    return ["classify", *given, "--deterministic", "--lr", "1e-3", *MORE, *more]


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "model" / "model.safetensors")


def assert_same(one: Path, other: Path) -> None:
    left, right = weights(one), weights(other)
    assert left.keys() == right.keys()
    assert all(left[name].equal(right[name]) for name in left)
    assert (one / "metrics.json").read_text().split('"training"')[0] == (
        (other / "metrics.json").read_text().split('"training"')[0]
    )


@pytest.fixture(scope="module")
def undisturbed(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main(arguments(news, encoder, out)) == 0
    return out


class PowerCutError(BaseException):
    """Ends the process as far as our code can tell: nothing catches it."""


def crashed(command: list[str], at: int) -> None:
    """Train until the power goes before this step, counted from 0."""
    with pytest.MonkeyPatch.context() as patched:
        step = Stepper.step

        def until(self: Stepper, number: int, index: object) -> None:
            if number == at:
                raise PowerCutError
            step(self, number, index)  # type: ignore[arg-type]

        patched.setattr(Stepper, "step", until)
        with pytest.raises(PowerCutError):
            main(command)


@pytest.mark.parametrize("at", [1, 4, 11, 17])
def test_a_crash_at_any_step_changes_nothing(
    undisturbed: Path, news: Path, encoder: Path, tmp_path: Path, at: int
) -> None:
    crashed(arguments(news, encoder, tmp_path / "run"), at)
    assert main(arguments(news, encoder, tmp_path / "run")) == 0
    assert_same(undisturbed, tmp_path / "run")


PLACES = [(Stepper, "step"), (Stepper, "update"), (Loop, "evaluate"), (Checkpoints, "save"),
          (checkpoint, "flush"), (Checkpoints, "rotate")]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_crashes_at_random_points_one_after_another_change_nothing(
    undisturbed: Path, news: Path, encoder: Path, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - a place to crash, not a secret
    for _ in range(3):
        with pytest.MonkeyPatch.context() as patched, contextlib.suppress(PowerCutError):
            left = [draw.randrange(30)]
            for owner, name in PLACES:
                patched.setattr(owner, name, crashing(getattr(owner, name), left))
            main(arguments(news, encoder, tmp_path / "run"))
    assert main(arguments(news, encoder, tmp_path / "run")) == 0
    assert_same(undisturbed, tmp_path / "run")


def crashing(real: Callable[..., object], left: list[int]) -> Callable[..., object]:
    """Count the calls of all places together; the power goes when none is left."""

    def counted(*given: object, **named: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise PowerCutError
        return real(*given, **named)

    return counted


def test_a_corrupt_newest_checkpoint_changes_nothing(
    undisturbed: Path, news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Stepper, "mean_loss", stop_after(12, Stepper.mean_loss))
        with pytest.raises(PowerCutError):
            main(arguments(news, encoder, tmp_path / "run", "--logging-steps", "1"))
    newest = max((tmp_path / "run" / "checkpoints").iterdir())
    (newest / "model.safetensors").write_bytes(b"half of it")
    assert main(arguments(news, encoder, tmp_path / "run", "--logging-steps", "1")) == 0
    assert "falling back to the one before" in capsys.readouterr().err
    assert_same(undisturbed, tmp_path / "run")


def test_a_checkpoint_that_was_passed_over_does_not_crowd_out_a_sound_one(
    news: Path, encoder: Path, tmp_path: Path
) -> None:
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints", 2)
    crashed(arguments(news, encoder, tmp_path / "run"), 5)
    shutil.copytree(checkpoints.path(3), checkpoints.path(5))
    (checkpoints.path(5) / "model.safetensors").write_bytes(b"half of it")
    crashed(arguments(news, encoder, tmp_path / "run"), 7)
    assert checkpoints.steps() == [3, 6]


def other_weights(encoder: Path) -> None:
    path = encoder / "model.safetensors"
    save_file({name: value + 1 for name, value in load_file(path).items()}, path, {"format": "pt"})


def other_tokens(encoder: Path) -> None:
    contents = json.loads((encoder / "tokenizer.json").read_text())
    vocabulary = contents["model"]["vocab"]
    names = [one for one in vocabulary if not one.startswith("[")]
    vocabulary.update(zip(names, [vocabulary[one] for one in reversed(names)], strict=True))
    (encoder / "tokenizer.json").write_text(json.dumps(contents))


def more_layers(encoder: Path) -> None:
    write_encoder(encoder, [text for text, _ in titles()], size={**TINY, "num_hidden_layers": 3})


@pytest.mark.parametrize("change", [other_weights, other_tokens, more_layers])
def test_a_run_does_not_go_on_from_an_encoder_that_was_replaced(
    change: Callable[[Path], None],
    news: Path,
    copied: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    crashed(arguments(news, copied, tmp_path / "run"), 3)
    change(copied)
    assert main(arguments(news, copied, tmp_path / "run")) == 2
    assert f"the encoder {copied} is another one than this run began with" in capsys.readouterr().err


def test_a_run_is_not_finished_for_an_encoder_that_was_replaced(
    news: Path, copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(news, copied, tmp_path / "run", "--max-steps", "1")) == 0
    other_weights(copied)
    assert main(arguments(news, copied, tmp_path / "run", "--max-steps", "1")) == 2
    assert f"the encoder {copied} is another one than this run began with" in capsys.readouterr().err


def test_a_checkpoint_of_another_layout_is_refused_where_the_run_did_not_note_its_encoder(
    news: Path, copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, config = arguments(news, copied, tmp_path / "run"), tmp_path / "run" / "config.json"
    crashed(command, 5)
    before = shutil.copytree(copied, tmp_path / "before")
    config.write_text(json.dumps({**json.loads(config.read_text()), "encoder": None}))
    more_layers(copied)
    assert main(command) == 2
    assert "the checkpoint to go on from is of another model" in capsys.readouterr().err
    shutil.copytree(before, copied, dirs_exist_ok=True)
    assert main(command) == 0


def stop_after(calls: int, real: object) -> object:
    count = [0]

    def counted(self: Stepper) -> float:
        count[0] += 1
        if count[0] > calls:
            raise PowerCutError
        return real(self)  # type: ignore[operator, no-any-return]

    return counted


def test_ctrl_c_saves_first(undisturbed: Path, news: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        step = Stepper.step

        def interrupt(self: Stepper, number: int, index: object) -> None:
            step(self, number, index)  # type: ignore[arg-type]
            if number == 7:
                os.kill(os.getpid(), signal.SIGINT)

        patched.setattr(Stepper, "step", interrupt)
        assert main(arguments(news, encoder, tmp_path / "run")) == 1
    assert (tmp_path / "run" / "checkpoints" / "step-00000008").is_dir()
    assert main(arguments(news, encoder, tmp_path / "run")) == 0
    assert_same(undisturbed, tmp_path / "run")


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HOME": str(home)}


def test_a_fresh_process_learns_the_same_to_the_bit(
    undisturbed: Path, news: Path, encoder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "finetune", *arguments(news, encoder, tmp_path / "run")]
    subprocess.run(command, env=environment(tmp_path / "home"), check=True, capture_output=True)
    assert_same(undisturbed, tmp_path / "run")


HELD = """
import sys, time
from finetune.cli import main
from finetune.demo import TINY, titles, write_encoder
from finetune.training import checkpoint, session

flush, left = checkpoint.flush, [int(sys.argv[1])]

def held(path):
    left[0] -= 1
    if left[0] < 0:
        print("writing", path.name, flush=True)
        time.sleep(600)
    flush(path)

checkpoint.flush = held
main(sys.argv[2:])
"""


@pytest.mark.parametrize("point", [(5, "model.safetensors"), (8, "state.json")])
def test_kill_9_while_the_second_checkpoint_is_written_changes_nothing(
    undisturbed: Path, news: Path, encoder: Path, tmp_path: Path, point: tuple[int, str]
) -> None:
    out, (flushed, writing) = tmp_path / "run", point
    command = [sys.executable, "-c", HELD, str(flushed), *arguments(news, encoder, out)]
    with subprocess.Popen(
        command, env=environment(tmp_path / "home"), stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert writing in child.stdout.readline()
        child.kill()
    assert list((out / "checkpoints").glob(".writing-*"))
    assert [one.name for one in (out / "checkpoints").glob("step-*")] == ["step-00000003"]
    assert main(arguments(news, encoder, out)) == 0
    assert_same(undisturbed, out)


def test_kill_9_changes_nothing(undisturbed: Path, news: Path, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "finetune", *arguments(news, encoder, out)]
    with subprocess.Popen(command, env=environment(tmp_path / "home"), stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 120
        while not list((out / "checkpoints").glob("step-*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        child.kill()
    assert not (out / "metrics.json").exists()
    assert main(arguments(news, encoder, out)) == 0
    assert_same(undisturbed, out)


def test_a_damaged_best_checkpoint_leaves_the_last_model_and_says_so(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, evaluate = tmp_path / "run" / "checkpoints" / "step-00000006", Loop.evaluate

    def first_is_best(self: Loop) -> None:
        evaluate(self)
        self.state.best_step = 6
        if self.state.step == 18:
            (best / "model.safetensors").write_bytes(b"half of it")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Loop, "evaluate", first_is_best)
        assert main(arguments(news, encoder, tmp_path / "run")) == 0
    said = capsys.readouterr().err
    assert "the best checkpoint, of step 6, is damaged" in said
    assert "the model is that of step 18" in said
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["training"]["best_step"] == 18


def test_the_figures_of_the_test_stand_once_in_the_curves(news: Path, encoder: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped] # noqa: PLC0415 - slow

    command = arguments(news, encoder, tmp_path / "run", "--max-steps", "2")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session, "write_report", crashing(print, [0]))
        with pytest.raises(PowerCutError):
            main(command)
    assert main(command) == 0
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [one.step for one in events.Scalars("test/accuracy")] == [2]
