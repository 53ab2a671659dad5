"""The formats: which file each writes, in which ways it may try, and how far it may be from the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from finetune.export.graph import torchscript_compute, write_onnx, write_torchscript
from finetune.export.shrink import CANDIDATES, write_fp16, write_int8
from finetune.export.triton import arrange
from finetune.export.verify import Tolerance
from finetune.layout import ONNX, TORCHSCRIPT
from finetune.runtime.engine import onnx_compute

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from finetune.runtime.engine import Batch

    Write = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Format:
    """One way to write a model.

    source writes the graph; each of the ways makes the file from it, tried in turn until one stays within the
    tolerance. Without ways the graph is the file. arrange moves the verified files of the folder to where
    others expect them, among models of other exports; it is given the model's place too.
    """

    file: str
    source: Callable[[PreTrainedModel, Path], None]
    compute: Callable[[Path], Callable[[Batch], NDArray[np.float32]]]
    tolerance: Tolerance
    ways: tuple[tuple[str, Write], ...] = ()
    arrange: Callable[[Path, Path], None] | None = None


EXACT = Tolerance(difference=1e-3, mean=1e-4, agreement=0.99, points=0.1)
HALF = Tolerance(difference=0.05, mean=0.01, agreement=0.98, points=0.2)
# single texts near a border may change; on average a sound int8 model moves probabilities by 0.01 to 0.02
ROUNDED = Tolerance(difference=1.0, mean=0.05, agreement=0.9, points=0.5)

INT8 = tuple((one.said, partial(write_int8, how=one)) for one in CANDIDATES)
FORMATS = {
    "torchscript": Format(TORCHSCRIPT, write_torchscript, torchscript_compute, EXACT),
    "onnx": Format(ONNX, write_onnx, onnx_compute, EXACT),
    "onnx-fp16": Format(ONNX, write_onnx, onnx_compute, HALF, (("half precision", write_fp16),)),
    "onnx-int8": Format(ONNX, write_onnx, onnx_compute, ROUNDED, INT8),
}
FORMATS |= {
    name.replace("onnx", "triton"): replace(one, arrange=arrange)
    for name, one in FORMATS.items()
    if name.startswith("onnx")
}
