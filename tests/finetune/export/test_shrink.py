"""Ways to quantise: what stays in fp32, and that the first way within the tolerance is kept."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnxruntime.transformers import float16

from finetune.cli import main
from finetune.export import shrink
from finetune.export.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(("which", "count"), [("none", 0), ("last", 8), ("narrowing", 2), ("all", 14)])
def test_what_stays_in_fp32(which: str, count: int, exported: Callable[[str, str], Path]) -> None:
    graph = onnx.load(exported("classify", "onnx") / "model.onnx")
    assert len(shrink.kept(graph, which)) == count


def test_half_precision_is_made_of_files_beyond_2_gib_too(
    exported: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ValueError("a graph in memory is refused beyond 2 GiB")

    monkeypatch.setattr(float16, "infer_shapes", refused)
    source = exported("classify", "onnx") / "model.onnx"
    shrink.write_fp16(source, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < source.stat().st_size


def broken(source: Path, target: Path) -> None:
    """Write a graph whose classifier is blank."""
    graph = onnx.load(source)
    weight = next(one for one in graph.graph.initializer if one.name.endswith("classifier.weight"))
    weight.raw_data = bytes(len(weight.raw_data))
    onnx.save(graph, target)


def copied(source: Path, target: Path) -> None:
    """Take the graph as it is."""
    shutil.copy(source, target)


def test_the_first_way_within_the_tolerance_is_kept(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = (("blank", broken), ("whole", copied), ("not reached", broken))
    monkeypatch.setitem(FORMATS, "onnx-int8", dataclasses.replace(FORMATS["onnx-int8"], ways=ways))
    given = ["--format", "onnx-int8", "--output-dir", str(tmp_path / "out")]
    assert main(["export", str(models["classify"]), *given]) == 0
    record = json.loads((tmp_path / "out" / "export.json").read_text())
    assert record["way"] == "whole"
    assert [one["way"] for one in record["tried_before"]] == ["blank"]


def test_matrices_have_seven_bits_and_a_scale_for_each_output(
    exported: Callable[[str, str], Path], tmp_path: Path
) -> None:
    target = tmp_path / "model.onnx"
    shrink.write_int8(exported("classify", "onnx") / "model.onnx", target, shrink.CANDIDATES[0])
    graph = onnx.load(target).graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    names = [one.input[1] for one in graph.node if one.op_type == "MatMulInteger"]
    assert len(names) > 10
    for name in names:
        assert np.abs(values[name].astype(int)).max() <= 64
        assert values[name.replace("_quantized", "_scale")].shape == values[name].shape[1:]
