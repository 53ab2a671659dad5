"""The model that Triton's Python backend runs: texts in, answers in JSON out; Triton computes the logits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import triton_python_backend_utils as pb_utils

from finetune.runtime.engine import LOGITS_MODEL, assemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from finetune.runtime.engine import Batch


class TritonPythonModel:
    """Reads the texts of many requests at once, forms batches by length, answers each request."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read what lies beside model.py."""
        folder = Path(args["model_repository"]) / args["model_version"]
        self.model = LOGITS_MODEL.format(args["model_name"])
        self.runtime = assemble(folder, self.compute)

    def compute(self, batch: Batch) -> NDArray[np.float32]:
        """Let Triton run the model."""
        request = pb_utils.InferenceRequest(
            model_name=self.model,
            requested_output_names=["logits"],
            inputs=[pb_utils.Tensor(name, value) for name, value in batch.items()],
            preferred_memory=pb_utils.PreferredMemory(pb_utils.TRITONSERVER_MEMORY_CPU, 0),
        )
        response = request.exec()
        if response.has_error():
            raise pb_utils.TritonModelException(response.error().message())
        logits: NDArray[np.float32] = pb_utils.get_output_tensor_by_name(response, "logits").as_numpy()
        return logits

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer all requests that Triton has put together."""
        asked = [texts_of(one) for one in requests]
        answers = iter(self.runtime([text for texts in asked if texts is not None for text in texts]))
        return [refusal() if texts is None else response([next(answers) for _ in texts]) for texts in asked]


def texts_of(request: Any) -> list[str] | None:  # noqa: ANN401 - Triton carries no types
    """Decode the texts of one request; None where one of them is no UTF-8."""
    values = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy().reshape(-1)
    try:
        return [value.decode("utf-8") for value in values]
    except UnicodeDecodeError:
        return None


def refusal() -> Any:  # noqa: ANN401 - Triton carries no types
    """Refuse one request and not its neighbours."""
    return pb_utils.InferenceResponse(error=pb_utils.TritonError("TEXT: found bytes that are no UTF-8"))


def response(answers: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - Triton carries no types
    """Write an answer for each text of one request."""
    rows = [[json.dumps(one, ensure_ascii=False).encode()] for one in answers]
    return pb_utils.InferenceResponse([pb_utils.Tensor("ANSWER", np.array(rows, dtype=np.object_))])
