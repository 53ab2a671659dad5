"""Turns the options into counts of steps, each with the reason that is said at the start."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.batching import pieces_of_a_step, steps_per_epoch

if TYPE_CHECKING:
    from finetune.options import Settings
    from finetune.training.device import Device


@dataclass(frozen=True)
class Plan:
    """How many steps, and after how many of them something else happens."""

    batch_size: int
    steps_per_epoch: int
    total_steps: int
    eval_steps: int
    save_steps: int
    logging_steps: int

    @property
    def pieces(self) -> int:
        """How many lengths a step mixes."""
        return pieces_of_a_step(self.total_steps)


def make_plan(settings: Settings, rows: int, processes: int = 1) -> Plan:
    """Count the steps of a run over so many rows; each process adds its texts to a step."""
    training, run = settings.training, settings.run
    batch_size = training.batch_size * processes
    per_epoch = steps_per_epoch(rows, batch_size)
    total = training.max_steps or max(1, math.ceil(training.num_train_epochs * per_epoch))
    evaluate = run.eval_steps or per_epoch
    logging = run.logging_steps or max(1, total // 100)
    return Plan(batch_size, per_epoch, total, evaluate, run.save_steps or evaluate, logging)


def start_lines(settings: Settings, plan: Plan, device: Device, processes: int = 1) -> list[str]:
    """Say what was resolved and why."""
    training = settings.training
    batch = f"--per-device-train-batch-size {training.per_device_train_batch_size}"
    if training.gradient_accumulation_steps > 1:
        batch += f" x {training.gradient_accumulation_steps}"
    if processes > 1:
        batch += f" x {processes} processes"
    source = (
        "--max-steps"
        if training.max_steps
        else f"{training.num_train_epochs:g} epochs of {plan.steps_per_epoch}"
    )
    warmup = f"{training.warmup_steps:g} {'of the steps' if training.warmup_steps < 1 else 'steps'}"
    lengths = f"of {plan.pieces} lengths" if plan.pieces > 1 else "of one length"
    often = f"evaluation every {plan.eval_steps:,}, checkpoint every {plan.save_steps:,}"
    return [
        f"device     {device.device} ({device.device_why})",
        f"precision  {device.precision} ({device.precision_why})",
        f"batch      {plan.batch_size} texts a step ({batch}), {lengths}",
        f"steps      {plan.total_steps:,} ({source}), {often}",
        f"rate       {training.learning_rate:g}, {training.lr_scheduler_type}, warm-up {warmup}",
    ]
