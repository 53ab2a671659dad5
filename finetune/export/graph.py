"""Writes a model's graph, from token ids and mask to logits, as TorchScript or ONNX."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from finetune.runtime.engine import Batch

OPSET = 17  # the first with LayerNormalization; onnxruntime reads it since 1.13
INPUTS = ("input_ids", "attention_mask")
ONE_FILE = (1 << 31) - (1 << 24)  # protobuf ends at 2 GiB; larger weights lie beside the graph


class Logits(torch.nn.Module):
    """The model with two inputs and one output."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Compute logits: a row for each text, or for each token of each text."""
        found: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return found


def example(model: PreTrainedModel) -> tuple[torch.Tensor, torch.Tensor]:
    """Make a batch with padding, so that the mask is part of what is traced."""
    size = int(model.config.vocab_size)
    ids = torch.arange(24).reshape(3, 8) % size
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    return ids, mask


@contextmanager
def without_notices() -> Iterator[None]:
    """Tracing warns of every Python value it meets; what comes out is verified instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def write_torchscript(model: PreTrainedModel, path: Path) -> None:
    """Trace the model; torch.jit.load alone opens the file."""
    with torch.inference_mode(mode=False), torch.no_grad(), without_notices():
        traced = torch.jit.trace(Logits(model).eval(), example(model), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, str(path))  # type: ignore[no-untyped-call]


def torchscript_compute(path: Path) -> Callable[[Batch], NDArray[np.float32]]:
    """Open a file of write_torchscript."""
    with without_notices():
        module = torch.jit.load(str(path))  # type: ignore[no-untyped-call]

    def compute(batch: Batch) -> NDArray[np.float32]:
        with torch.inference_mode():
            found = module(*(torch.from_numpy(batch[name]) for name in INPUTS))
        return np.asarray(found.numpy(), np.float32)

    return compute


def write_onnx(model: PreTrainedModel, path: Path) -> None:
    """Export the model with batch and length left open.

    By the exporter that traces: onnxruntime cannot quantise the files of the other one (dynamo=True).
    """
    open_axes = {name: {0: "batch", 1: "length"} for name in INPUTS}
    with tempfile.TemporaryDirectory(dir=path.parent) as work, torch.no_grad(), without_notices():
        raw = Path(work) / "raw.onnx"
        traced, inputs = Logits(model).eval(), example(model)
        per_token = traced(*inputs).ndim == 3
        torch.onnx.export(
            traced,
            inputs,
            str(raw),
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_axes={**open_axes, "logits": {0: "batch", **({1: "length"} if per_token else {})}},
            opset_version=OPSET,
            dynamo=False,
        )
        save(onnx.load(raw), path)


def save(graph: onnx.ModelProto, path: Path) -> None:
    """Write a graph; weights that are too large for one file go beside it."""
    large = weight_bytes(graph) >= ONE_FILE
    onnx.save_model(graph, path, save_as_external_data=large, location=f"{path.name}.data" if large else None)


def weight_bytes(graph: onnx.ModelProto) -> int:
    """Add up the weights; protobuf itself refuses to measure a graph beyond 2 GiB."""
    return sum(len(one.raw_data) for one in graph.graph.initializer)
