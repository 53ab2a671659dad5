"""A model that torch runs: weights are held as they are multiplied, kernels compiled before it is ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import torch

from finetune.errors import FinetuneError
from finetune.predict import Predictor
from finetune.serving.engine import Engine
from finetune.serving.metrics import Metrics
from finetune.serving.options import ServingOptions
from finetune.serving.torch_runtime import TorchRuntime, hold
from finetune.serving.waiting import Limits
from finetune.training import compiling
from tests.finetune.export.models import KINDS, write_model

if TYPE_CHECKING:
    from pathlib import Path

    from torch._dynamo.testing import CompileCounter

TEXTS = ["央行宣布下调利率", "主队加时赛险胜对手，教练组公布大名单", "", "国足", "芯片" * 30]


@pytest.fixture(scope="module", params=["classify", "tag"])
def model(request: pytest.FixtureRequest, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("served") / request.param, encoder, KINDS[request.param])


def opened(model: Path, how: str) -> TorchRuntime:
    return TorchRuntime(model, ServingOptions(gpu_id=-1, torch_compile=how))  # type: ignore[arg-type] # a Literal


def served(runtime: TorchRuntime) -> list[dict[str, Any]]:
    """Answer as the service does, in its threads: some texts alone, then all in one batch."""

    async def run() -> list[dict[str, Any]]:
        engine = Engine(runtime, Limits(4096, 4096, 0.01), 64, Metrics().of("served"))
        for text in TEXTS[:2]:
            await engine.submit([text])
        together = await engine.submit(TEXTS)
        await asyncio.to_thread(engine.stop)
        return together

    return asyncio.run(run())


def test_a_compiled_model_answers_as_the_plain_one(model: Path, graphs: CompileCounter) -> None:
    plain, compiled = opened(model, "off"), opened(model, "on")
    assert graphs.frame_count > 0
    assert compiled.what == f"{plain.what}, compiled"
    assert str(served(compiled)) == str(served(plain))


def test_nothing_is_compiled_once_it_is_ready(model: Path, graphs: CompileCounter) -> None:
    runtime = opened(model, "on")
    before = graphs.frame_count
    served(runtime)
    assert graphs.frame_count == before


def test_on_a_cpu_it_is_compiled_only_where_that_was_asked_for(model: Path, graphs: CompileCounter) -> None:
    assert "compiled" not in opened(model, "auto").what
    assert graphs.frame_count == 0


def no_compiler(*_: object) -> None:
    raise RuntimeError("no compiler here\nmore")


def test_where_compiling_fails_the_plain_model_answers_and_says_why(
    model: Path, graphs: CompileCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    del graphs
    monkeypatch.setattr(compiling, "BACKEND", no_compiler)
    monkeypatch.setattr(TorchRuntime, "on_gpu", True)
    runtime = opened(model, "auto")
    assert "not compiled (" in runtime.what
    assert len(served(runtime)) == len(TEXTS)


def test_where_compiling_was_demanded_its_failure_is_one(
    model: Path, graphs: CompileCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    del graphs
    monkeypatch.setattr(compiling, "BACKEND", no_compiler)
    with pytest.raises(FinetuneError, match=r"--torch-compile on: .*; --torch-compile off serves without it"):
        opened(model, "on")


def test_weights_are_rounded_once_as_autocast_would_for_every_batch(model: Path) -> None:
    rounded = Predictor(model, -1, "bf16")
    expected = list(rounded.answers(TEXTS))
    hold(rounded.model, rounded.device)
    linear = [one for one in rounded.model.modules() if isinstance(one, torch.nn.Linear)]
    assert {one.weight.dtype for one in linear[:-1]} == {torch.bfloat16}
    assert linear[-1].weight.dtype == torch.float32  # the scores of the classes
    assert list(rounded.answers(TEXTS)) == expected
    assert rounded.model.get_input_embeddings().weight.dtype == torch.float32


def test_exact_models_keep_their_weights(model: Path) -> None:
    exact = Predictor(model, -1, "fp32")
    hold(exact.model, exact.device)
    assert {one.dtype for one in exact.model.parameters()} == {torch.float32}
