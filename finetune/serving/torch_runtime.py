"""A model that is not exported, run by torch: on a GPU, or on a CPU before anybody exported it.

Compiled, one graph serves all shapes but batches of one row, for which torch would make graphs of their own:
those go through the plain model, as in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch

from finetune.answers.registry import must_answer
from finetune.batching import MemoryRows
from finetune.errors import FinetuneError
from finetune.predict import Predictor
from finetune.training.compiling import compile_open
from finetune.training.evaluation import predict_logits
from finetune.training.exact_head import head_of
from finetune.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from finetune.data.pieces import Chunk
    from finetune.serving.options import ServingOptions
    from finetune.training.device import Device

WARM_UP = "预热" * 500  # longer than any limit, cut as every text is
# rows and length, cut where the model ends; the first is no square, whose sides torch would take for equal
SHAPES = ((3, 5), (2, 1 << 20), (16, 8), (8, 1 << 20))
NO_LIMIT = 1 << 62  # batches come from the engine, and are not cut again


@dataclass(frozen=True)
class TorchPieces:
    """Texts as the task sees them, and their rows."""

    texts: list[Any]
    chunk: Chunk

    @property
    def input_ids(self) -> list[list[int]]:
        """The token ids of each row."""
        return self.chunk.input_ids


class TorchRuntime:
    """Encodes, runs and answers with what training uses."""

    def __init__(self, folder: Path, options: ServingOptions) -> None:
        if options.threads is not None:
            torch.set_num_threads(options.threads)
        self._predictor = Predictor(folder, options.gpu_id)
        must_answer(self._predictor.task, folder, "served")
        hold(self._predictor.model, self._predictor.device)
        self._compiled: PreTrainedModel | None = None
        self._outcome = ""
        if options.torch_compile == "on" or (options.torch_compile == "auto" and self.on_gpu):
            self._outcome = self._compile(demanded=options.torch_compile == "on")

    @property
    def what(self) -> str:
        """Say where it runs."""
        device = self._predictor.device
        return f"torch, {device.precision} on {device.device} ({device.device_why}){self._outcome}"

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU computes."""
        return self._predictor.device.device.type == "cuda"

    def encode(self, texts: Sequence[str]) -> TorchPieces:
        """Tokenise as in training."""
        taken = self._predictor.task.texts(texts)
        return TorchPieces(taken, self._predictor.encoding.encode(taken, [None] * len(taken)))

    def run(self, rows: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Compute one padded batch."""
        model = self._predictor.model if self._compiled is None or len(rows) == 1 else self._compiled
        return predict_logits(model, MemoryRows(rows), self._predictor.device, NO_LIMIT)

    def answers(
        self, texts: Sequence[str], pieces: TorchPieces, logits: Sequence[NDArray[np.float32]]
    ) -> list[dict[str, Any]]:
        """Answer as `finetune predict` does."""
        del texts  # the pieces hold them as the task split them
        return list(self._predictor.task.answers(logits, pieces.texts, pieces.chunk))

    def _compile(self, *, demanded: bool) -> str:
        """Compile and try batches of several shapes, before the first caller; say what became of it."""
        row = self.encode([WARM_UP]).input_ids[0]
        plain = self._predictor.model
        try:
            self._compiled = cast("PreTrainedModel", compile_open(plain))
            for count, length in SHAPES:
                self.run([row[:length]] * count)
        except (RuntimeError, OSError, ImportError) as error:  # torch's own, memory, no compiler
            self._compiled = None
            reason = f"{type(error).__name__}: {first_line(error)}"
            if demanded:
                todo = "--torch-compile off serves without it"
                raise FinetuneError(f"--torch-compile on: {reason}; {todo}") from None
            return f", not compiled ({reason})"
        return ", compiled"


def hold(model: PreTrainedModel, device: Device) -> None:
    """Round the weights of matrix products once, where autocast would do it for every batch.

    Everything else stays in fp32, and so do the layer that scores the classes and weights that something
    else looks into: answers do not change.
    """
    if device.dtype == torch.float32:
        return
    linear = [one for one in model.modules() if isinstance(one, torch.nn.Linear)]
    others = [one for one in model.modules() if not isinstance(one, torch.nn.Linear)]
    shared = {id(weight) for one in others for weight in one.parameters(recurse=False)}
    shared |= {id(weight) for weight in getattr(head_of(model), "parameters", tuple)()}
    for one in linear:
        if id(one.weight) not in shared:
            one.to(device.dtype)
