"""Every format answers as the model does, for every task."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.export.graph import torchscript_compute
from finetune.predict import Predictor
from finetune.runtime.engine import Runtime, assemble, load
from tests.finetune.export.models import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Exported = Callable[[str, str], Path]

MODELS = tuple(KINDS)
FORMS = {"torchscript": 1e-5, "onnx": 1e-5, "onnx-fp16": 0.02, "onnx-int8": 0.3}
# of the largest logit; int8 activations share one scale within a batch, so that neighbours matter a little
PADDING = {"torchscript": 1e-5, "onnx": 1e-5, "onnx-fp16": 1e-3, "onnx-int8": 0.03}


@cache
def reader(model: Path) -> Predictor:
    return Predictor(model, gpu_id=-1, precision="fp32")


@cache
def opened(folder: Path) -> Runtime:
    path = folder / "model.pt"
    return assemble(folder, torchscript_compute(path)) if path.is_file() else load(folder, threads=1)


def numbers(answer: object) -> list[float]:
    if isinstance(answer, dict):
        return [one for value in answer.values() for one in numbers(value)]
    if isinstance(answer, list):
        return [one for value in answer for one in numbers(value)]
    return [answer] if isinstance(answer, float) else []


def words(answer: object) -> object:
    if isinstance(answer, dict):
        return {name: words(value) for name, value in answer.items()}
    return [words(one) for one in answer] if isinstance(answer, list) else type(answer) is float or answer


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("form", ["torchscript", "onnx"])
def test_it_answers_as_predict_does(
    task: str, form: str, models: dict[str, Path], exported: Exported, texts: list[str]
) -> None:
    before = list(reader(models[task]).answers(texts))
    after = opened(exported(task, form))(texts)
    assert words(after) == words(before)
    assert numbers(after) == pytest.approx(numbers(before), abs=1e-5)


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("form", FORMS)
def test_padding_changes_nothing(task: str, form: str, exported: Exported, texts: list[str]) -> None:
    runtime = opened(exported(task, form))
    ids = runtime.encode(texts).input_ids
    together = runtime.run(ids)
    largest = max(float(np.abs(one).max()) for one in together)
    for alone, one in zip(ids, together, strict=True):
        assert np.abs(runtime.run([alone])[0] - one).max() < PADDING[form] * largest


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("form", ["onnx-fp16", "onnx-int8"])
def test_smaller_formats_stay_near(task: str, form: str, exported: Exported) -> None:
    record = json.loads((exported(task, form) / "export.json").read_text())
    assert record["largest_difference"] < FORMS[form]
    assert record["agreement"] >= 0.9
    assert record["bytes"] < (exported(task, "onnx") / "model.onnx").stat().st_size


def test_torch_alone_loads_torchscript(exported: Exported) -> None:
    code = "import sys, torch; torch.jit.load(sys.argv[1]); assert 'transformers' not in sys.modules"
    path = str(exported("classify", "torchscript") / "model.pt")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@settings(max_examples=15)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_text_is_read_as_training_reads_it(
    models: dict[str, Path], exported: Exported, some: list[str]
) -> None:
    for task in MODELS:
        predictor, runtime = reader(models[task]), opened(exported(task, "onnx"))
        chunk = predictor.encoding.encode(predictor.task.texts(some), [None] * len(some))
        found = runtime.encode(some)
        assert (found.input_ids, found.rows) == (chunk.input_ids, chunk.rows)


def test_the_models_answers_are_not_all_the_same(exported: Exported, texts: list[str]) -> None:
    assert len({one["label"] for one in opened(exported("classify", "onnx"))(texts)}) > 1
    assert any(one["entities"] for one in opened(exported("tag", "onnx"))(texts))
