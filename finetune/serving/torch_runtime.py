"""A model that is not exported, run by torch: on a GPU, or on a CPU before anybody exported it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from finetune.predict import Predictor, Rows
from finetune.training.evaluation import predict_logits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from finetune.data.pieces import Chunk

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

    def __init__(self, folder: Path, gpu_id: int | None, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._predictor = Predictor(folder, gpu_id)

    @property
    def what(self) -> str:
        """Say where it runs."""
        device = self._predictor.device
        return f"torch, {device.precision} on {device.device} ({device.device_why})"

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU computes."""
        return self._predictor.device.device.type == "cuda"

    def encode(self, texts: Sequence[str]) -> TorchPieces:
        """Tokenise as in training."""
        taken = self._predictor.task.texts(texts)
        return TorchPieces(taken, self._predictor.encoder.encode(taken, [None] * len(taken)))

    def run(self, rows: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Compute one padded batch."""
        batch = Rows([list(one) for one in rows], np.array([len(one) for one in rows]))
        return predict_logits(self._predictor.model, batch, self._predictor.device, NO_LIMIT)

    def answers(
        self, texts: Sequence[str], pieces: TorchPieces, logits: Sequence[NDArray[np.float32]]
    ) -> list[dict[str, Any]]:
        """Answer as `finetune predict` does."""
        del texts  # the pieces hold them as the task split them
        return list(self._predictor.task.answers(logits, pieces.texts, pieces.chunk))
