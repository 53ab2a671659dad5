"""Keeps the last layer of a model in fp32 where autocast would round it.

bf16 has eight bits: scores would come in steps of 0.4%, and likely classes tie.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import linear

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exact_head(model: nn.Module) -> Iterator[None]:
    """Compute the scores of classes in fp32 meanwhile; a model without such a layer stays as it is."""
    head = head_of(model)
    hook = None if head is None else head.register_forward_hook(partial(in_fp32, head))
    try:
        yield
    finally:
        if hook is not None:
            hook.remove()


def head_of(model: nn.Module) -> nn.Linear | None:
    """Find the layer that gives a score for each class: the last one of so many outputs."""
    classes = getattr(model.config, "num_labels", None)
    found = [one for one in model.modules() if isinstance(one, nn.Linear)]
    return next((one for one in reversed(found) if one.out_features == classes), None)


def in_fp32(
    head: nn.Linear, _: nn.Module, inputs: tuple[torch.Tensor, ...], rounded: torch.Tensor
) -> torch.Tensor:
    """Compute the layer again without rounding."""
    if rounded.dtype == torch.float32:
        return rounded
    bias = None if head.bias is None else head.bias.float()
    with torch.autocast(rounded.device.type, enabled=False):
        return linear(inputs[0].float(), head.weight.float(), bias)
