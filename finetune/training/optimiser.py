"""AdamW with its parameter groups, and the learning rate as a pure function of the step."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import torch

from finetune.options import require

if TYPE_CHECKING:
    from torch import nn

    from finetune.options import TrainingOptions


LAYERS = {"layer", "layers", "h", "block", "blocks", "albert_layer_groups"}  # before a layer's number


def factor(step: int, total: int, warmup: float, shape: str) -> float:
    """Scale the learning rate at a step counted from 0: climb over the warm-up, then fall towards 0."""
    climb = warmup * total if warmup < 1 else warmup
    if step < climb:
        return (step + 1) / (climb + 1)
    done = (step - climb) / max(1.0, total - climb)
    if shape == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    return 1.0 if shape == "constant" else max(0.0, 1 - done)


def layer_depths(model: nn.Module) -> tuple[dict[str, int], int]:
    """Number each parameter's layer from the input: embeddings 0, layer n is n + 1, the head comes last.

    Reads the names that Hugging Face encoders use (…layer.3.…, …layers.3.…); returns also the head's number.
    """
    names = [name for name, _ in model.named_parameters()]
    layers = {name: layer_number(name) for name in names}
    top = max((number for number in layers.values() if number is not None), default=-1) + 2
    return {name: depth_of(name, layers[name], top) for name in names}, top


def layer_number(name: str) -> int | None:
    """Find the number after layer or layers: bert.encoder.layer.3.output.dense.weight is 3."""
    parts = name.split(".")
    for word, number in pairwise(parts):
        if word in LAYERS and number.isdecimal():
            return int(number)
    return None


def depth_of(name: str, layer: int | None, top: int) -> int:
    """Place a parameter that is in no layer: embeddings at the bottom, the rest at the top."""
    if layer is not None:
        return layer + 1
    return 0 if "embedding" in name else top


def freeze(model: nn.Module, what: int | Literal["embeddings", "encoder"] | None) -> str:
    """Keep the lowest layers as they are: embeddings, these and so many layers, or all but the head.

    Returns what was frozen in words: "2,139,136 of 3,200,000 weights (the embeddings and 2 of 4 layers)".
    """
    if what is None:
        return ""
    depths, top = layer_depths(model)
    layers = {"embeddings": 0, "encoder": top - 1}.get(str(what), what)
    numbers = f"1 to {top - 1}, " if top > 1 else ""
    require(
        int(layers) < top,
        f"--freeze-layers is {what}, but the encoder has {top - 1} layers; accepted: {numbers}embeddings, "
        "encoder",
    )
    lower = [one for name, one in model.named_parameters() if depths[name] <= int(layers)]
    frozen = encoder_of(model) or lower if what == "encoder" else lower
    for one in frozen:
        one.requires_grad = False
    count, every = (sum(one.numel() for one in some) for some in (frozen, model.parameters()))
    return f"{count:,} of {every:,} weights (the embeddings and {layers} of {top - 1} layers)"


def encoder_of(model: nn.Module) -> list[nn.Parameter]:
    """List the weights below the head, whatever their layers are called; a pooler belongs to the head."""
    base = getattr(model, "base_model", model)
    if base is model:
        return []
    return [one for name, one in base.named_parameters() if "pooler" not in name]


def parameter_groups(model: nn.Module, options: TrainingOptions) -> list[dict[str, object]]:
    """Group parameters by decay (matrices only) and by the learning rate of their layer."""
    depths, top = layer_depths(model)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = options.weight_decay if parameter.ndim > 1 else 0.0
            rate = options.learning_rate * options.layerwise_lr_decay ** (top - depths[name])
            groups.setdefault((decay, rate), []).append(parameter)
    return [
        {"params": members, "weight_decay": decay, "lr": rate, "peak_lr": rate}
        for (decay, rate), members in groups.items()
    ]


def make_optimiser(model: nn.Module, options: TrainingOptions) -> torch.optim.AdamW:
    """Make a fused AdamW: one pass over the parameters on a CPU too."""
    return torch.optim.AdamW(parameter_groups(model, options), lr=options.learning_rate, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, scale: float) -> float:
    """Set every group's rate for the coming step; returns the highest."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak_lr"] * scale
    return float(max(group["lr"] for group in optimiser.param_groups))
