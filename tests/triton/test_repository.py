"""The model repository that `finetune export --format triton` writes, before a real Triton server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from finetune.cli import main
from finetune.demo import titles, write_encoder
from finetune.predict import Predictor
from tests.finetune.export.models import KINDS, write_model
from tests.triton.conftest import triton

HERE = Path(__file__).parent
TEXTS = ["主队新剧，导演", "央行" * 40, "", "the 国足", "芯片厂商公开源代码"] * 3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("triton")
    encoder = write_encoder(place / "encoder", [text for text, _ in titles()])
    return write_model(place / "tag", encoder, KINDS["tag"])


@pytest.fixture(scope="module")
def repository(model: Path) -> Path:
    assert main(["export", str(model), "--format", "triton"]) == 0
    return model / "exports" / "triton"


def beside(python: Path, script: str, *arguments: str, given: str = "") -> dict[str, Any]:
    """Run a script in the server's environment and read the JSON that it prints."""
    argv = [str(python), str(HERE / script), *arguments]
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_configs_are_what_tritons_protobuf_accepts(repository: Path, python: Path) -> None:
    found = beside(python, "parse.py", *map(str, repository.glob("*/config.pbtxt")))
    assert set(found) == {"tag", "tag_logits"}
    assert found["tag_logits"]["backend"] == "onnxruntime"
    assert found["tag_logits"]["output"][0]["dims"] == ["-1", "7"]
    assert all(one["instance_group"][0]["count"] == 2 and "dynamic_batching" in one for one in found.values())


@pytest.fixture(scope="module")
def said(repository: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Serve the repository, the ONNX Runtime backend replaced by Python, and ask."""
    work = tmp_path_factory.mktemp("server")
    served = shutil.copytree(repository, work / "repository")
    shutil.copy(HERE / "stand_in.py", served / "tag_logits" / "1" / "model.py")
    config = served / "tag_logits" / "config.pbtxt"
    config.write_text(config.read_text().replace('backend: "onnxruntime"', 'backend: "python"'))
    with triton(python, served, work) as server:
        return beside(python, "ask.py", str(server.http), str(server.grpc), given=json.dumps(TEXTS))


@pytest.mark.parametrize("way", ["http", "grpc", "together"])
def test_triton_answers_as_predict_does(way: str, said: dict[str, Any], model: Path) -> None:
    expected = list(Predictor(model, gpu_id=-1, precision="fp32").answers(TEXTS))
    assert len(said[way]) == len(expected)
    for found, one in zip(said[way], expected, strict=True):
        assert [{**e, "confidence": 0} for e in found["entities"]] == [
            {**e, "confidence": 0} for e in one["entities"]
        ]
        assert [e["confidence"] for e in found["entities"]] == pytest.approx(
            [e["confidence"] for e in one["entities"]], abs=1e-5
        )
    assert any(one["entities"] for one in expected)


def test_bytes_that_are_no_text_are_refused(said: dict[str, Any]) -> None:
    assert "no UTF-8" in said["refused"]
