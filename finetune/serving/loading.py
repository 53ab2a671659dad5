"""Loads what is to be served: an exported folder with ONNX Runtime, any other model with torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.layout import ONNX

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.serving.engine import Runtime
    from finetune.serving.options import ServingOptions

FORCE_CPU = -1
WARM_UP = ("warm", "预热")


@dataclass(frozen=True)
class Loaded:
    """A model that answers; max_tokens and overhead (in tokens) are what suits its device."""

    runtime: Runtime
    what: str
    max_tokens: int
    overhead: int


def load(folder: Path, options: ServingOptions) -> Loaded:
    """Load a folder and let it answer once, so that no caller waits for what only the first answer needs."""
    found = with_onnx(folder, options) if (folder / ONNX).is_file() else with_torch(folder, options)
    texts = list(WARM_UP)
    pieces = found.runtime.encode(texts)
    found.runtime.answers(texts, pieces, found.runtime.run(pieces.input_ids))
    return found


def with_onnx(folder: Path, options: ServingOptions) -> Loaded:
    """Load what `finetune export` wrote; it runs on the CPU unless a GPU is named."""
    from finetune import runtime  # noqa: PLC0415 - models that are not exported need no onnxruntime

    threads = options.threads or len(os.sched_getaffinity(0))
    if options.gpu_id is None or options.gpu_id == FORCE_CPU:
        what = f"ONNX Runtime on the CPU, {threads} threads"
        return suited(runtime.load(folder, threads), what, on_gpu=False)
    found = runtime.load(folder, threads, f"cuda:{options.gpu_id}")
    return suited(found, f"ONNX Runtime on GPU {options.gpu_id}", on_gpu=True)


def with_torch(folder: Path, options: ServingOptions) -> Loaded:
    """Load a run or model folder."""
    from finetune.serving.torch_runtime import TorchRuntime  # noqa: PLC0415 - exported models need no torch

    found = TorchRuntime(folder, options)
    return suited(found, found.what, on_gpu=found.on_gpu)


def suited(runtime: Runtime, what: str, *, on_gpu: bool) -> Loaded:
    """Choose batches by the device: starting one costs a GPU as much as many tokens, a CPU a few."""
    return Loaded(runtime, what, 16384, 2048) if on_gpu else Loaded(runtime, what, 1024, 8)
