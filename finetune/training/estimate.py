"""Estimates the memory of a training before it starts, and how many tokens may go through the model at once.

    fixed      weights 4 P, their half-precision copies 2 P (autocast keeps them through a forward pass),
               gradients 4 T, AdamW's two moments 8 T bytes: P parameters, T of them trained
    per token  what autograd keeps of the forward pass for the backward pass, as torch itself counts it, and
               twice the largest piece of that: the backward pass holds gradients of input and output

The terms are those of Rajbhandari et al., ZeRO (2020, section 3), for fp32 weights, and of Korthikanti et
al., Reducing Activation Recomputation in Large Transformer Models (2022, section 4), who derive 34 h + 5 a s
bytes for a token in a half-precision layer of hidden size h, a heads, s tokens. That does not hold for
autocast, fused attention, frozen layers or a head over a vocabulary, so it is counted with the model at hand:
once with one of the longest texts, once with two, and the difference is what a text costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from finetune.errors import RequestError
from finetune.training.memory import MOST_TOKENS, available_bytes, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from finetune.data.numbers import Index
    from finetune.training.device import Device

    Forward = Callable[[Index], torch.Tensor]

GIB = 1 << 30
HEADROOM = 0.9  # share of the free memory that is planned with: allocators leave gaps


@dataclass(frozen=True)
class Estimate:
    """Bytes that a training needs, and bytes that are free; longest is the tokens of the longest text."""

    weights: int
    learning: int
    free: int
    per_token: int = 0
    longest: int = 0

    def total(self, tokens: int) -> int:
        """What is needed with so many tokens at once."""
        return self.weights + self.learning + self.per_token * tokens

    def most_tokens(self) -> int:
        """How many tokens fit, as a power of two: a few MiB more or less must not cut a step differently."""
        fitting = int(HEADROOM * self.free - self.total(0)) // max(1, self.per_token)
        return 1 << (fitting.bit_length() - 1) if fitting > 0 else 0

    def line(self, tokens: int) -> str:
        """Say it at the start."""
        parts = f"weights {size(self.weights)}, gradients and AdamW {size(self.learning)}"
        once = f"{tokens:,} tokens at once {size(self.per_token * tokens)}"
        return f"memory     about {size(self.total(tokens))} of {size(self.free)} free: {parts}, {once}"

    def check(self) -> None:
        """Refuse what cannot fit even with a single text at once."""
        if self.total(self.longest) > self.free:
            raise RequestError(
                f"training needs about {size(self.total(self.longest))}, {size(self.free)} are free: "
                f"weights {size(self.weights)}, gradients and AdamW {size(self.learning)}, one text of "
                f"{self.longest} tokens {size(self.per_token * self.longest)}; end other programs, take a "
                "smaller encoder, lower --max-seq-length, or train fewer layers with --freeze-layers encoder "
                f"(needs about {size(self.weights)})"
            )


def size(count: int) -> str:
    """Write bytes: 1.5 GiB, 23 MiB."""
    return f"{count / GIB:.1f} GiB" if count >= GIB / 10 else f"{count / (1 << 20):.0f} MiB"


def estimate_fixed(model: nn.Module, device: Device, processes: int) -> Estimate:
    """Estimate what does not depend on the texts; processes share a machine's memory, but not a GPU's."""
    count = sum(one.numel() for one in model.parameters())
    trained = sum(one.numel() for one in model.parameters() if one.requires_grad)
    weights = count * (4 if device.dtype == torch.float32 else 6)
    shared = processes if device.device.type == "cpu" else 1
    return Estimate(weights, 12 * trained, available_bytes(device.device) // shared)


def with_texts(fixed: Estimate, forward: Forward, lengths: Index) -> Estimate:
    """Add what one token costs in the longest text."""
    row = int(lengths.argmax())
    try:
        cost = text_bytes(forward, row)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        cost = fixed.free
    longest = int(lengths[row])
    return replace(fixed, per_token=-(-cost // longest), longest=longest)


def text_bytes(forward: Forward, row: int) -> int:
    """Count what one text costs in the forward and backward pass, beside what is the same for any number."""
    one, two = (saved_sizes(forward, np.full(count, row)) for count in (1, 2))
    grown = [more - less for less, more in zip(one, two, strict=False)]
    return max(0, sum(grown) + 2 * max(grown, default=0))


def saved_sizes(forward: Forward, index: Index) -> list[int]:
    """List the sizes of the storages that autograd keeps for the backward pass, in order of appearance."""
    sizes: dict[int, int] = {}
    kept: list[torch.Tensor] = []  # else a freed address could be taken for an old one

    def note(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        sizes.setdefault(storage.data_ptr(), storage.nbytes())
        kept.append(value)
        return value

    with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
        forward(index)
    return list(sizes.values())


def choose_tokens(found: Estimate, device: Device, wanted: int | None) -> tuple[int, str]:
    """Say how many tokens go through the model at once, and why."""
    fitting = max(found.most_tokens(), found.longest)  # which was checked: a single text fits
    if wanted is not None:
        return (
            (wanted, "--max-tokens")
            if wanted <= fitting
            else (fitting, f"--max-tokens {wanted:,} do not fit")
        )
    if device.device.type == "cpu" and fitting >= device.cpu_tokens:
        return device.cpu_tokens, "fits the caches of a CPU"
    return min(MOST_TOKENS, fitting), "what memory holds"
