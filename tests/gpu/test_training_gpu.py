"""Training on a real GPU: number formats, memory, repeatability, several GPUs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from finetune.data.numbers import Index

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that this torch can use"),
]

from safetensors.torch import load_file  # noqa: E402 - after the skip

from finetune.cli import main  # noqa: E402
from finetune.demo import titles, write_encoder, write_news  # noqa: E402
from finetune.samples.entities import write_entities  # noqa: E402


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_news(tmp_path_factory.mktemp("news"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "tiny", [text for text, _ in titles()])


def train(news: Path, encoder: Path, out: Path, *more: str) -> dict[str, float]:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out), "--lr", "1e-3"]
    assert main(["classify", *given, *more]) == 0
    return dict(json.loads((out / "metrics.json").read_text())["test"])


@pytest.mark.parametrize("precision", ["bf16", "fp16", "tf32", "fp32"])
def test_every_number_format_learns(news: Path, encoder: Path, tmp_path: Path, precision: str) -> None:
    if precision in {"bf16", "tf32"} and torch.cuda.get_device_capability() < (8, 0):
        pytest.skip(f"this GPU does not multiply in {precision}")
    found = train(news, encoder, tmp_path / "run", "--epochs", "5", "--precision", precision)
    assert found["accuracy"] > 0.8


def test_a_compiled_model_learns(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = train(news, encoder, tmp_path / "run", "--epochs", "5", "--torch-compile", "on")
    assert found["accuracy"] > 0.8
    assert "times as fast after" in capsys.readouterr().err


def test_deterministic_runs_have_equal_weights(news: Path, encoder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(news, encoder, tmp_path / name, "--max-steps", "30", "--deterministic")
    left, right = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_a_linear_tagger_is_deterministic_too(encoder: Path, tmp_path: Path) -> None:
    data, weights = write_entities(tmp_path / "data"), []
    for name in ("one", "two"):
        out = ["--output-dir", str(tmp_path / name), "--max-steps", "10", "--lr", "1e-3"]
        given = ["--data", str(data), "--encoder", str(encoder), "--head", "linear", "--deterministic"]
        assert main(["tag", *given, *out]) == 0
        weights.append(load_file(tmp_path / name / "model" / "model.safetensors"))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_memory_that_runs_out_halves_the_pieces_and_the_run_goes_on(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    limit = 96 << 20  # holds the tiny model and some hundred texts, not thirty-two thousand tokens
    torch.cuda.set_per_process_memory_fraction(limit / total)
    try:
        more = ["--epochs", "1", "--batch-size", "1000", "--max-tokens", "32768", "--precision", "fp32"]
        train(news, encoder, tmp_path / "run", *more)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of memory: at most 16,384 tokens at once" in capsys.readouterr().err


def test_the_estimate_of_memory_is_near_what_torch_counts() -> None:
    from transformers import BertConfig, BertForSequenceClassification  # noqa: PLC0415 - seconds

    from finetune.training.device import choose_device  # noqa: PLC0415 - likewise
    from finetune.training.estimate import estimate_fixed, with_texts  # noqa: PLC0415 - likewise

    device = choose_device(0, "fp32")
    model = BertForSequenceClassification(BertConfig(num_hidden_layers=4)).train()
    fixed = estimate_fixed(model, device, 1)
    model.to(device.device)

    def forward(index: Index) -> Tensor:
        ids = torch.full((len(index), 128), 7, device=device.device)
        total: Tensor = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.sum()
        return total

    found = with_texts(fixed, forward, np.array([128]))
    optimiser = torch.optim.AdamW(model.parameters(), fused=True)
    for _ in range(2):
        torch.cuda.reset_peak_memory_stats()
        forward(np.zeros(64, np.int64)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert torch.cuda.max_memory_allocated() == pytest.approx(found.total(64 * 128), rel=0.3)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_gpus_learn_what_one_does(news: Path, encoder: Path, tmp_path: Path) -> None:
    one = train(news, encoder, tmp_path / "one", "--epochs", "5", "--batch-size", "32")
    two = train(news, encoder, tmp_path / "two", "--epochs", "5", "--batch-size", "16", "--gpus", "2")
    assert two["accuracy"] == pytest.approx(one["accuracy"], abs=0.05)
