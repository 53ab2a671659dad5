"""Makes the tutorials' classic mistake on purpose, twice, and shows that find_off_device names it.

Loud: the model is moved, the inputs are not (`tensor.to(device)` without an assignment).
Silent: neither is moved; torch then computes on the CPU without a word while the GPU idles.
"""

import torch
from torch import nn

from .bert import Batch, bert_base, random_batch
from .devices import devices
from .off_device import explain, find_off_device
from .results import Data, FailedError, Seen
from .settings import Settings

SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
MISSED_MEND = "smoke/off_device.py no longer sees the mistake; this is a fault of the workbench: report it"


def check(settings: Settings) -> Seen:
    """Leave the inputs, then the model too, off the device; the guard must name them."""
    device = devices(settings.record)[0]
    # Without a GPU, torch's meta device stands in for the wrong place.
    elsewhere = torch.device("cpu" if device.type == "cuda" else "meta")
    model, batch = bert_base(**SMALL), {name: t.to(elsewhere) for name, t in random_batch().items()}
    data: Data = {"inputs_left": _caught(model.to(device), batch, device, parameters=False)}
    if device.type == "cuda":
        data["torch_says"] = _complaint(model, batch)
    data["all_left"] = _caught(model.to(elsewhere), batch, device, parameters=True)
    if device.type == "cuda":
        data["torch_says_of_all"] = _complaint(model, batch)
    return Seen(f"made the mistake, caught it: {data['inputs_left']}", data)


def _caught(model: nn.Module, batch: Batch, device: torch.device, *, parameters: bool) -> str:
    strays = find_off_device(model, batch, device)
    missed = set(batch) - {stray.name for stray in strays}
    named = any(stray.kind == "parameter" for stray in strays)
    if missed or named is not parameters:
        found = ", ".join(stray.name for stray in strays) or "nothing"
        raise FailedError(f"inputs were left off {device}; the guard named {found}", MISSED_MEND)
    return explain(strays, device)


def _complaint(model: nn.Module, batch: Batch) -> str:
    """Return what torch itself says of the mistake; silence is the danger."""
    try:
        with torch.no_grad():
            model.eval()(**batch)
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return "nothing"
