"""Finds what is not on the device where the computing should happen, and says how to put it there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Stray:
    """A parameter, buffer or input that is on another device than wanted."""

    kind: str
    name: str
    device: str


def find_off_device(model: nn.Module, batch: object, device: torch.device | None = None) -> list[Stray]:
    """Return every parameter, buffer and input that is not on the device.

    Without a device: the GPU that holds the model, else the first GPU, else the model's own device.
    So a model that was never moved is found too, which torch would run on the CPU without a word.
    """
    wanted = device or expected_device(model)
    named = [
        *(("parameter", name, tensor) for name, tensor in model.named_parameters()),
        *(("buffer", name, tensor) for name, tensor in model.named_buffers()),
        *(("input", name, tensor) for name, tensor in _tensors(batch, "")),
    ]
    return [Stray(kind, name, str(t.device)) for kind, name, t in named if not same_place(t.device, wanted)]


def expected_device(model: nn.Module) -> torch.device:
    """Return the GPU that holds the model, else the first GPU, else where the model is."""
    first = next((tensor.device for tensor in model.parameters()), torch.device("cpu"))
    if first.type != "cpu" or not torch.cuda.is_available():
        return first
    return torch.device("cuda", 0)


def explain(strays: list[Stray], device: torch.device) -> str:
    """Tell a person what is where, and the line that mends it."""
    told = " and ".join(
        _told(strays, kind) for kind in ("parameter", "buffer", "input") if _names(strays, kind)
    )
    places = ", ".join(sorted({stray.device for stray in strays}))
    if any(stray.kind != "input" for stray in strays):
        return (
            f"{told} on {places} instead of {device}: the work runs there, slowly and without an error. "
            "Write model.to(device), and move each batch"
        )
    return (
        f"{told} on {places}, the model on {device}. tensor.to(device) returns a copy and moves nothing: "
        "write batch = {name: tensor.to(device) for name, tensor in batch.items()}"
    )


def _tensors(value: object, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name or "batch", value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _tensors(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _tensors(item, f"{name}[{index}]")


def same_place(found: torch.device, wanted: torch.device) -> bool:
    """Compare as people mean it: "cuda" is any GPU, "cuda:1" that one."""
    return found.type == wanted.type and (wanted.index is None or found.index in (None, wanted.index))


def _names(strays: list[Stray], kind: str) -> list[str]:
    return [stray.name for stray in strays if stray.kind == kind]


def _told(strays: list[Stray], kind: str) -> str:
    names = _names(strays, kind)
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} {kind}{'s' if len(names) > 1 else ''} ({shown})"
