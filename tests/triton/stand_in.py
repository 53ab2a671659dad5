"""Stands in for the ONNX Runtime backend, which nvidia-pytriton lacks: the same file, the same names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        path = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        shape = self.session.get_outputs()[0].shape[1:]
        (output,) = json.loads(args["model_config"])["output"]
        found = [one if isinstance(one, int) else -1 for one in shape]
        assert [int(one) for one in output["dims"]] == found, (output, shape)

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self.answer(one) for one in requests]

    def answer(self, request: object) -> object:
        names = ("input_ids", "attention_mask")
        feeds = {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in names}
        (logits,) = self.session.run(["logits"], feeds)
        return pb_utils.InferenceResponse([pb_utils.Tensor("logits", logits)])
