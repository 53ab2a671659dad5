"""The fast path is the one that runs: what a later change could lose without anybody noticing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from finetune import batching
from finetune.cli import main
from finetune.data.width import fold
from finetune.training.step import Stepper

if TYPE_CHECKING:
    from pathlib import Path

ROWS, BATCH = 1200, 16


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many short texts and few long ones: padded in a random order, most of the work would be padding."""
    folder = tmp_path_factory.mktemp("skewed")
    generator = np.random.default_rng(0)
    lengths = np.clip(generator.lognormal(2.3, 0.8, ROWS + 100), 2, 100).astype(int)
    lines = [
        f"{''.join(generator.choice(list('国足赢输来去'), one))}\t{n % 2}\n" for n, one in enumerate(lengths)
    ]
    (folder / "train.txt").write_text("".join(lines[:ROWS]), encoding="utf-8")
    (folder / "dev.txt").write_text("".join(lines[ROWS:]), encoding="utf-8")
    return folder


class Watched:
    """Sees what a training computes and tokenises."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.tokenised, self.rows, self.real, self.computed = 0, list[int](), 0, 0
        forward = Stepper.forward

        def tokenise(text: str) -> str:
            self.tokenised += 1  # a text is folded just before it is tokenised, and only then
            return fold(text)

        def compute(stepper: Stepper, part: Any) -> Any:  # noqa: ANN401 - as it is
            lengths = stepper.work.train.lengths[part]
            self.rows += part.tolist()
            self.real += int(lengths.sum())
            self.computed += len(part) * int(lengths.max())
            return forward(stepper, part)

        patched.setattr("finetune.data.pieces.fold", tokenise)
        patched.setattr(Stepper, "forward", compute)


def test_every_text_is_tokenised_once_and_trained_on_once_an_epoch_with_little_padding(
    skewed: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "LONG_RUN", 1)
    command = ["classify", "--data", str(skewed), "--encoder", str(encoder), "--batch-size", str(BATCH)]
    command += ["--epochs", "2", "--gpu-id", "-1", "--output-dir", str(tmp_path / "run"), "--overwrite"]
    command += ["--cache-dir", str(tmp_path / "cache")]
    first = Watched(monkeypatch)
    assert main(command) == 0
    assert ROWS + 100 <= first.tokenised < ROWS + 120, "each text once, and a few words of our own"
    trained = first.rows[-2 * ROWS :]  # before them some were tried, to estimate memory
    per_epoch = np.array(trained).reshape(2, ROWS)
    assert all(sorted(one) == list(range(ROWS)) for one in per_epoch.tolist())
    assert first.computed < 1.05 * first.real

    rows = first.rows.copy()
    again = Watched(monkeypatch)
    assert main(command) == 0
    assert again.tokenised < 20, "the second start finds the tokens"
    assert again.rows == rows
