"""Compiling: when it is tried, when it is kept, and that one graph serves batches of all shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from torch import _dynamo as dynamo

from finetune.cli import main
from finetune.training import compiling
from finetune.training.compiling import GUESS, Compiling, Trial
from finetune.training.step import Stepper

if TYPE_CHECKING:
    from pathlib import Path

    from torch._dynamo.testing import CompileCounter

    from finetune.data.numbers import Index


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let auto do here what it does on a GPU."""
    real = Compiling.__init__

    def opened(self: Compiling, stepper: Stepper, folder: Path) -> None:
        real(self, stepper, folder)
        self.open = stepper.work.options.torch_compile == "auto"

    monkeypatch.setattr(Compiling, "__init__", opened)


@pytest.fixture
def demo(news: Path, encoder: Path, tmp_path: Path) -> list[str]:
    """A command that trains for some seconds."""
    out = ["--output-dir", str(tmp_path / "run"), "--overwrite", "--cache-dir", str(tmp_path / "cache")]
    steps = ["--gpu-id", "-1", "--batch-size", "12", "--max-steps", "50"]
    return ["classify", "--data", str(news), "--encoder", str(encoder), *out, *steps]


def answer(monkeypatch: pytest.MonkeyPatch, found: Trial | None) -> None:
    def measured(_: Compiling) -> Trial:
        if found is None:
            raise dynamo.exc.InternalTorchDynamoError("no compiler here\nmore")
        return found

    monkeypatch.setattr(Compiling, "measured", measured)


def test_one_graph_serves_all_shapes(
    demo: list[str], graphs: CompileCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: set[tuple[int, int]] = set()
    backward = Stepper.backward

    def seen(self: Stepper, part: Index, texts: int) -> None:
        shapes.add((len(part), int(self.work.train.lengths[part].max())))
        backward(self, part, texts)

    monkeypatch.setattr(Stepper, "backward", seen)
    assert main([*demo, "--torch-compile", "on", "--max-tokens", "150"]) == 0
    assert len(shapes) > 10
    assert graphs.frame_count == 1


def test_a_compiled_model_learns_the_same(demo: list[str], tmp_path: Path, graphs: CompileCounter) -> None:
    found = {}
    for how in ("on", "off"):
        assert main([*demo, "--torch-compile", how]) == 0
        found[how] = json.loads((tmp_path / "run" / "metrics.json").read_text())["validation"]["loss"]
    assert graphs.frame_count
    assert found["on"] == pytest.approx(found["off"], rel=1e-3)


@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_run_that_is_too_short_does_not_try(demo: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(demo) == 0
    assert (
        "compiled   no: 1.25 times as fast after 120 s of compiling, which does not"
        in capsys.readouterr().err
    )


FOUND = {
    "faster": (Trial(5.0, 1.4), "yes: 1.40 times as fast after 5 s of compiling"),
    "no faster": (Trial(5.0, 1.01), "no: 1.01 times as fast after 5 s of compiling, which is not kept"),
    "failed": (None, "no: it failed, see above"),
}


@pytest.mark.usefixtures("as_on_a_gpu")
@pytest.mark.parametrize("how", FOUND)
def test_what_measures_faster_is_kept(
    how: str,
    demo: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, said = FOUND[how]
    answer(monkeypatch, found)
    monkeypatch.setattr(compiling, "GUESS", Trial(0.0, 2.0))
    assert main(demo) == 0
    lines = capsys.readouterr().err
    assert f"compiled   {said}" in lines
    assert ("warning    torch.compile: InternalTorchDynamoError: no compiler here\n" in lines) == (
        found is None
    )
    notes = [json.loads(one.read_text()) for one in (tmp_path / "cache").glob("compiled-*.json")]
    assert notes == ([vars(found)] if found else [])


@pytest.mark.usefixtures("as_on_a_gpu")
def test_the_next_run_knows_what_the_last_one_found(
    demo: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, Trial(0.5, 0.9))
    monkeypatch.setattr(compiling, "GUESS", Trial(0.0, 2.0))
    assert main(demo) == main(demo) == 0
    said = "compiled   no: 0.90 times as fast after 0 s of compiling, which does not pay"
    assert said in capsys.readouterr().err


def test_compiling_that_was_asked_for_and_fails_ends_the_run(
    demo: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, None)
    assert main([*demo, "--torch-compile", "on"]) == 1
    assert "--torch-compile off goes on without it" in capsys.readouterr().err


def test_a_deterministic_run_does_not_choose_kernels_by_their_speed(
    demo: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*demo, "--deterministic", "--torch-compile", "on"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_what_is_saved_is_reckoned_with_the_compiling() -> None:
    assert Trial(60.0, 2.0).saved(600.0) == pytest.approx(240.0)
    assert GUESS.saved(500.0) < 0 < GUESS.saved(700.0)
    assert np.isclose(Trial(0.0, 1.0).saved(99.0), 0.0)
