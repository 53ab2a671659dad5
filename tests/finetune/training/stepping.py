"""Makes a stepper without dropout, in fp32, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from finetune.options import DataOptions, Settings, TrainingOptions
from finetune.training.device import choose_device
from finetune.training.plan import make_plan
from finetune.training.step import Stepper, Work
from finetune.training.trial import set_tokens

if TYPE_CHECKING:
    from finetune.tasks.base import Prepared

RATE = 1e-3


def stepper(ready: Prepared, max_tokens: int, **more: float) -> Stepper:
    torch.manual_seed(0)
    model = ready.task.build(ready.encoder, "auto")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    given = {"learning_rate": RATE, "precision": "fp32", "max_grad_norm": 0.0, **more}
    options = TrainingOptions(**given)  # type: ignore[arg-type]
    plan = make_plan(Settings(DataOptions(data=ready.corpus), training=options), 100)  # type: ignore[arg-type]
    device = choose_device(-1, "fp32")
    one = Stepper(Work(ready.task, model, ready.encoded["train"], options, plan, device, print))
    set_tokens(one, max_tokens)
    return one
