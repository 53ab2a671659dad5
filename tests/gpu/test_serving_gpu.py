"""Models that are served on a real GPU answer as they do on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that this torch can use"),
]

from finetune.cli import main  # noqa: E402 - after the skip
from finetune.demo import titles, write_encoder  # noqa: E402
from finetune.errors import RequestError  # noqa: E402
from finetune.predict import Predictor  # noqa: E402
from finetune.runtime.session import CUDA, open_session  # noqa: E402
from finetune.serving.loading import load  # noqa: E402
from finetune.serving.options import ServingOptions  # noqa: E402
from tests.finetune.export.models import KINDS, write_model  # noqa: E402

TEXTS = ["央行宣布下调利率", "国足加时赛险胜对手，教练组公布大名单", "芯片" * 30, "", "the 国足"]
needs_cuda_provider = pytest.mark.skipif(
    CUDA not in onnxruntime.get_available_providers(), reason="onnxruntime-gpu is not installed"
)


@pytest.fixture(scope="module", params=["classify", "multi-label", "tag"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("served")
    encoder = write_encoder(place / "encoder", [text for text, _ in titles()])
    return write_model(place / request.param, encoder, KINDS[request.param])


def served(folder: Path, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - options of several types
    """Answer as the service does: all texts in one batch."""
    found = load(folder, ServingOptions(**options))
    assert "GPU" in found.what or "cuda" in found.what
    pieces = found.runtime.encode(TEXTS)
    return list(found.runtime.answers(TEXTS, pieces, found.runtime.run(pieces.input_ids)))


def confidences(answers: list[dict[str, Any]]) -> list[float]:
    sure = [entity["confidence"] for one in answers for entity in one.get("entities", [])]
    return sure + [value for one in answers for value in one.get("probabilities", {}).values()]


def entities(answers: list[dict[str, Any]]) -> list[list[Any]]:
    """What a tagger found, and where; of two labels as likely as each other either may be named."""
    places = ("text", "label", "start", "end")
    return [[entity[name] for name in places] for one in answers for entity in one.get("entities", [])]


@pytest.mark.parametrize("torch_compile", ["off", "on"])
def test_torch_on_a_gpu_answers_as_the_cpu_does(model: Path, torch_compile: str) -> None:
    expected = list(Predictor(model, -1, "fp32").answers(TEXTS))
    found = served(model, gpu_id=0, torch_compile=torch_compile)
    assert entities(found) == entities(expected)
    assert confidences(found) == pytest.approx(confidences(expected), abs=0.05)


@needs_cuda_provider
@pytest.mark.parametrize(("form", "near"), [("onnx", 2e-3), ("onnx-fp16", 0.05)])
def test_onnx_runtime_on_a_gpu_answers_as_the_cpu_does(model: Path, form: str, near: float) -> None:
    assert main(["export", str(model), "--format", form]) == 0
    folder = model / "exports" / form
    try:
        open_session(folder / "model.onnx", None, "cuda:0")
    except RequestError as error:
        pytest.skip(str(error))
    expected = list(Predictor(model, -1, "fp32").answers(TEXTS))
    found = served(folder, gpu_id=0)
    assert entities(found) == entities(expected)
    assert confidences(found) == pytest.approx(confidences(expected), abs=near)


@needs_cuda_provider
def test_a_gpu_that_is_not_there_is_refused(model: Path) -> None:
    assert main(["export", str(model), "--format", "onnx"]) == 0
    with pytest.raises(RequestError, match="onnxruntime does not use the GPU"):
        load(model / "exports" / "onnx", ServingOptions(gpu_id=torch.cuda.device_count()))
