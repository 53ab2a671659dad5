"""Runs a model over an encoded split without training it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from finetune.batching import micro_batches, padded
from finetune.training.distributed import ALONE, World

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from finetune.batching import TokenRows
    from finetune.training.device import Device


NOTHING = np.empty(0, np.float32)


def predict_logits(
    model: PreTrainedModel, encoded: TokenRows, device: Device, max_tokens: int, world: World = ALONE
) -> list[NDArray[np.float32]]:
    """Return the logits of every encoded row, in order; batches are formed by length.

    Processes that train together compute every so many batches each; only rank 0 gets all of the logits.
    """
    found: dict[int, NDArray[np.float32]] = {}
    pad_id = model.config.pad_token_id or 0
    was_training = model.training
    model.train(mode=False)
    with torch.inference_mode(), device.autocast():
        batches = micro_batches(np.arange(len(encoded.lengths)), encoded.lengths, max_tokens)
        for index in batches[world.rank :: world.size]:
            batch = {name: value.to(device.device) for name, value in padded(encoded, index, pad_id).items()}
            logits = model(**batch).logits.float().cpu().numpy()
            for row, number in enumerate(index):
                found[int(number)] = (
                    logits[row] if logits.ndim == 2 else logits[row, : encoded.lengths[number]]
                )
    model.train(mode=was_training)
    found = world.gathered(found)
    return [found.get(number, NOTHING) for number in range(len(encoded.lengths))]
