"""Arranges an exported folder as a Triton model repository for the official image.

NAME takes texts and gives answers in JSON (Python backend); NAME_logits computes (ONNX Runtime backend). The
Python that NAME needs beyond the image's own lies in the folder.
"""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from finetune.layout import FACTS, MODEL, ONNX, RECORD, TOKENIZER
from finetune.runtime.engine import LOGITS_MODEL
from finetune.writing import refuse_other_files

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("finetune", "tokenizers")
INSTANCES = 2
MOST_ROWS = 4096  # of one batch of the model that computes
MOST_TEXTS = 64  # of one batch of requests

TEXTS_CONFIG = """\
name: "{name}"
backend: "python"
max_batch_size: {texts}
input [ {{ name: "TEXT" data_type: TYPE_STRING dims: [ 1 ] }} ]
output [ {{ name: "ANSWER" data_type: TYPE_STRING dims: [ 1 ] }} ]
dynamic_batching {{ max_queue_delay_microseconds: 2000 }}
instance_group [ {{ count: {instances} kind: KIND_CPU }} ]
"""
LOGITS_CONFIG = """\
name: "{name}"
backend: "onnxruntime"
max_batch_size: {rows}
input [
  {{ name: "input_ids" data_type: TYPE_INT64 dims: [ -1 ] }},
  {{ name: "attention_mask" data_type: TYPE_INT64 dims: [ -1 ] }}
]
output [ {{ name: "logits" data_type: TYPE_FP32 dims: [ {dims} ] }} ]
dynamic_batching {{ }}
instance_group [ {{ count: {instances} }} ]
"""
PYTHON = '''\
"""Finds the packages beside this file; what the model does stands in finetune/runtime/triton.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "packages"))

from finetune.runtime.triton import TritonPythonModel  # noqa: E402

__all__ = ["TritonPythonModel"]
'''


def arrange(folder: Path, model: Path) -> None:
    """Turn the files of an ONNX export into a model repository."""
    name = repository_name(model)
    texts, logits = folder / name, folder / LOGITS_MODEL.format(name)
    for one in (texts, logits):
        (one / "1").mkdir(parents=True)
    dims = open_dims(folder / ONNX)
    for path in folder.glob(f"{ONNX}*"):
        path.rename(logits / "1" / path.name)
    for file in (TOKENIZER, FACTS):
        (folder / file).rename(texts / "1" / file)
    (folder / RECORD).rename(texts / RECORD)
    (texts / "1" / "model.py").write_text(PYTHON, encoding="utf-8")
    for package in PACKAGES:
        copy_package(package, texts / "1" / "packages")
    text = TEXTS_CONFIG.format(name=name, texts=MOST_TEXTS, instances=INSTANCES)
    (texts / "config.pbtxt").write_text(text, encoding="utf-8")
    numbers = {"rows": MOST_ROWS, "dims": ", ".join(map(str, dims)), "instances": INSTANCES}
    text = LOGITS_CONFIG.format(name=logits.name, **numbers)
    (logits / "config.pbtxt").write_text(text, encoding="utf-8")


def refuse_other_models(repository: Path, model: Path) -> None:
    """Let an export take its two places in a repository if they are free, or hold an export."""
    name = repository_name(model)
    refuse_other_files(repository / name, "--output-dir", f"1/{FACTS}")
    refuse_other_files(repository / LOGITS_MODEL.format(name), "--output-dir", f"1/{ONNX}")


def repository_name(model: Path) -> str:
    """Name the model as its run is named: runs/news and runs/news/model are both news."""
    place = model.resolve()
    return re.sub(r"[^\w.-]", "-", place.parent.name if place.name == MODEL else place.name)


def open_dims(path: Path) -> Sequence[int]:
    """Read the shape of the logits of one text; -1 is its length."""
    (logits,) = onnx.load(path, load_external_data=False).graph.output
    return [one.dim_value or -1 for one in logits.type.tensor_type.shape.dim][1:]


def copy_package(name: str, target: Path) -> None:
    """Copy an installed package."""
    spec = find_spec(name)
    assert spec is not None  # noqa: S101 - this program could not run without it
    source = Path(next(iter(spec.submodule_search_locations or ())))
    shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
