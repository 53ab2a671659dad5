"""Makes an ONNX graph smaller: half precision, or weights in 8 bits."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx

from finetune.export.graph import ONE_FILE, save, weight_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Int8:
    """One way to quantise; keep names the matrices that stay in fp32."""

    said: str
    keep: str = "none"


# 7 bits for the weights of matrices, since processors without VNNI overflow with 8; a scale for each output
CANDIDATES = (
    Int8("every matrix and embedding in int8"),
    Int8("int8, but the matrices of the head and the last layer in fp32", keep="last"),
    Int8("int8, but the matrices that lead back from the wide layers in fp32", keep="narrowing"),
    Int8("int8 embeddings, every matrix in fp32", keep="all"),
)


def write_fp16(source: Path, target: Path) -> None:
    """Compute in half precision; inputs and logits stay as they are."""
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415 - slow to import

    with quiet_logging():  # given the path, it infers shapes beyond 2 GiB too
        save(convert_float_to_float16(str(source), keep_io_types=True), target)


def write_int8(source: Path, target: Path, how: Int8) -> None:
    """Quantise weights; activations are quantised while the model runs."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - slow to import

    graph = onnx.load(source)
    with quiet_logging():
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept(graph, how.keep),
            use_external_data_format=weight_bytes(graph) >= ONE_FILE,
        )


def kept(graph: onnx.ModelProto, which: str) -> list[str]:
    """Name the nodes that stay in fp32."""
    shapes = {one.name: list(one.dims) for one in graph.graph.initializer}
    matrices = [
        one for one in graph.graph.node if one.op_type in {"MatMul", "Gemm"} and one.input[1] in shapes
    ]
    if which == "all":
        return [one.name for one in matrices]
    if which == "last":
        return [one.name for one in matrices[-8:]]
    if which == "narrowing":
        wide = [
            one
            for one in matrices
            if one.op_type == "MatMul" and shapes[one.input[1]][0] > shapes[one.input[1]][1]
        ]
        return [one.name for one in wide]
    return []


@contextmanager
def quiet_logging() -> Iterator[None]:
    """Keep onnxruntime's advice to developers out of our lines."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
