"""Runs a model over an encoded split without training it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from finetune.batching import micro_batches, padded
from finetune.errors import TrainingError
from finetune.training.distributed import ALONE, World
from finetune.training.exact_head import exact_head
from finetune.training.memory import out_of_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from finetune.batching import TokenRows
    from finetune.data.numbers import Index
    from finetune.training.device import Device


NOTHING = np.empty(0, np.float32)


def predict_logits(
    model: PreTrainedModel, encoded: TokenRows, device: Device, max_tokens: int, world: World = ALONE
) -> list[NDArray[np.float32]]:
    """Return the logits of every encoded row, in order; batches are formed by length.

    Processes that train together compute every so many batches each; only rank 0 gets all of the logits.
    """
    found: dict[int, NDArray[np.float32]] = {}
    was_training = model.training
    model.train(mode=False)
    with torch.inference_mode(), device.autocast(), exact_head(model):
        widths = device.widths(encoded.lengths, int(encoded.lengths.max(initial=0)))
        batches = micro_batches(np.arange(len(widths)), widths, max_tokens)
        for index in batches[world.rank :: world.size]:
            found.update(logits_of(model, encoded, index, device, int(widths[index].max())))
    model.train(mode=was_training)
    found = world.gathered(found)
    return [found.get(number, NOTHING) for number in range(len(encoded.lengths))]


def logits_of(
    model: PreTrainedModel, encoded: TokenRows, index: Index, device: Device, width: int
) -> dict[int, NDArray[np.float32]]:
    """Compute one batch, so wide; in halves where the memory does not suffice: others may use the GPU."""
    batch = padded(encoded, index, model.config.pad_token_id or 0, width)
    try:
        moved = {name: value.to(device.device) for name, value in batch.items()}
        logits = model(**moved).logits.float().cpu().numpy()
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    else:
        rows = zip(index.tolist(), logits, encoded.lengths[index], strict=True)
        return {number: one if logits.ndim == 2 else one[:length] for number, one, length in rows}
    if len(index) == 1:
        raise TrainingError(
            f"out of memory with a single text of {encoded.lengths[index[0]]} tokens; take a GPU with more "
            "free memory (nvidia-smi names who else uses this one), or --gpu-id -1, the CPU"
        )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(index) // 2
    first, second = (logits_of(model, encoded, part, device, width) for part in (index[:half], index[half:]))
    return {**first, **second}
