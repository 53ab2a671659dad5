"""Tries a step before the training: whether its longest texts fit, and how long all steps will take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from finetune.batching import micro_batches

if TYPE_CHECKING:
    from finetune.data.numbers import Index
    from finetune.training.step import Stepper

SAMPLE = 1024  # texts


def set_tokens(stepper: Stepper, max_tokens: int) -> None:
    """Let at most so many tokens through at once; on a GPU, try the longest texts of a step first."""
    work = stepper.work
    stepper.max_tokens = -int(work.world.most(torch.tensor([-max_tokens]))[0])  # the same everywhere
    device = work.device.device
    if device.type != "cuda":
        return
    longest = np.argsort(-work.train.lengths, kind="stable")[: work.options.batch_size]
    while not tried(stepper, micro_batches(longest, work.train.lengths, stepper.max_tokens)[0]):
        stepper.max_tokens = stepper.smaller()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)


def most_at_once(stepper: Stepper) -> int:
    """Tell how many tokens a step has at most at once: it ends at its texts, whatever memory holds."""
    step = stepper.work.options.batch_size * int(stepper.work.train.lengths.max())
    return min(stepper.max_tokens, step)


def tried(stepper: Stepper, part: Index) -> bool:
    """Compute a micro-batch while holding the memory that AdamW will need, and forget the result."""
    model, device = stepper.work.model, stepper.work.device.device
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    before = stepper.loss.clone()
    moments = torch.empty(8 * trained, dtype=torch.uint8, device=device)
    fits = stepper.fits(0, part, len(part))
    del moments
    stepper.optimiser.zero_grad(set_to_none=True)
    stepper.loss = before
    return fits


def seconds_ahead(stepper: Stepper) -> float:
    """Reckon how long all steps will take, from one batch of texts of middling length."""
    lengths, plan, size = stepper.work.train.lengths, stepper.work.plan, stepper.work.options.batch_size
    sample = np.random.default_rng(0).integers(0, len(lengths), SAMPLE)
    first = max(0, (SAMPLE - size) // 2)
    middling = sample[np.argsort(lengths[sample], kind="stable")][first : first + size]
    part = micro_batches(middling, lengths, stepper.max_tokens)[0]
    stepper.wait()
    started = time.monotonic()
    tried(stepper, part)
    stepper.wait()
    per_token = (time.monotonic() - started) / int(lengths[part].sum())
    return per_token * float(lengths.mean()) * plan.batch_size * plan.total_steps / stepper.work.world.size
