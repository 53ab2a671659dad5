"""Runs a model over an encoded split without training it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from finetune.batching import micro_batches, padded

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from finetune.batching import TokenRows
    from finetune.training.device import Device


def predict_logits(
    model: PreTrainedModel, encoded: TokenRows, device: Device, max_tokens: int
) -> list[NDArray[np.float32]]:
    """Return the logits of every encoded row, in order; batches are formed by length."""
    out: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(encoded.lengths)
    pad_id = model.config.pad_token_id or 0
    was_training = model.training
    model.train(mode=False)
    with torch.inference_mode(), device.autocast():
        for index in micro_batches(np.arange(len(encoded.lengths)), encoded.lengths, max_tokens):
            batch = {name: value.to(device.device) for name, value in padded(encoded, index, pad_id).items()}
            logits = model(**batch).logits.float().cpu().numpy()
            for row, number in enumerate(index):
                out[number] = logits[row] if logits.ndim == 2 else logits[row, : encoded.lengths[number]]
    model.train(mode=was_training)
    return out
