"""Loads what is to be served: an exported folder with ONNX Runtime, any other model with torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.serving.engine import Runtime
    from finetune.serving.options import ServingOptions

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
    found = with_torch(folder, options)
    texts = list(WARM_UP)
    pieces = found.runtime.encode(texts)
    found.runtime.answers(texts, pieces, found.runtime.run(pieces.input_ids))
    return found


def with_torch(folder: Path, options: ServingOptions) -> Loaded:
    """Load a run or model folder."""
    from finetune.serving.torch_runtime import TorchRuntime  # noqa: PLC0415 - exported models need no torch

    runtime = TorchRuntime(folder, options.gpu_id, options.threads)
    if runtime.on_gpu:
        return Loaded(runtime, runtime.what, max_tokens=16384, overhead=2048)
    return Loaded(runtime, runtime.what, max_tokens=1024, overhead=32)
