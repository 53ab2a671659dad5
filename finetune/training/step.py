"""One optimiser step: the gradient of the mean loss over its texts, whatever micro-batches they form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.amp.grad_scaler import GradScaler

from finetune.batching import Index, TokenRows, micro_batches, padded
from finetune.errors import TrainingError
from finetune.training.checkpoint import (
    Tensors,
    optimiser_tensors,
    random_tensors,
    restore_optimiser,
    restore_random,
    weights_of,
)
from finetune.training.optimiser import factor, make_optimiser, set_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel

    from finetune.data.tokens import Encoded
    from finetune.options import TrainingOptions
    from finetune.tasks.base import Task
    from finetune.training.device import Device
    from finetune.training.plan import Plan


@dataclass(frozen=True)
class Work:
    """What is trained on what, and how."""

    task: Task
    model: PreTrainedModel
    train: Encoded
    options: TrainingOptions
    plan: Plan
    device: Device
    say: Callable[[str], None]


class Stepper:
    """Holds model, optimiser and the loss since the last look, which is the only wait for the device."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.pad_id = work.model.config.pad_token_id or 0
        self.optimiser = make_optimiser(work.model, work.options)
        self.rows: TokenRows = work.train
        self.scaler = GradScaler(work.device.device.type, enabled=work.device.precision == "fp16")
        self.loss = torch.zeros((), device=work.device.device)
        self.loss_texts = 0
        self.rate = 0.0
        self.max_tokens = work.plan.max_tokens

    def step(self, number: int, index: Index) -> None:
        """Take step `number`, counted from 0, on the texts of this index."""
        options, plan = self.work.options, self.work.plan
        shape, warmup = options.lr_scheduler_type, options.warmup_steps
        self.rate = set_rate(self.optimiser, factor(number, plan.total_steps, warmup, shape))
        self.rows = self.work.task.view(self.work.train, number)
        while not self.fits(index):
            self.max_tokens = self.smaller()
        if options.max_grad_norm:
            self.scaler.unscale_(self.optimiser)
            torch.nn.utils.clip_grad_norm_(self.work.model.parameters(), options.max_grad_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        self.loss_texts += len(index)

    def fits(self, index: Index) -> bool:
        """Compute the gradient of the mean loss over these texts; False says that memory did not suffice."""
        before = self.loss.clone()
        try:
            for part in micro_batches(index, self.work.train.lengths, self.max_tokens):
                self.backward(part, len(index))
        except torch.OutOfMemoryError:
            self.optimiser.zero_grad(set_to_none=True)
            self.loss = before
            return False
        return True

    def smaller(self) -> int:
        """Halve what goes through at once; the step keeps its texts, so the result stays the same."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        longest, half = int(self.work.train.lengths.max()), self.max_tokens // 2
        if self.max_tokens <= longest:
            raise TrainingError(
                f"out of memory with a single text of {longest} tokens at once; lower --max-seq-length "
                f"(now the longest text has {longest} tokens), or take a smaller encoder or a larger GPU"
            )
        self.work.say(
            f"out of memory: at most {half:,} tokens at once from here on, the batch stays as it is"
        )
        return half

    def backward(self, part: Index, texts: int) -> None:
        """Add one micro-batch's share to the gradient."""
        train, task, device = self.work.train, self.work.task, self.work.device
        batch = {name: self.moved(value) for name, value in padded(self.rows, part, self.pad_id).items()}
        targets = self.moved(task.targets(train, part))
        with device.autocast():
            logits = self.work.model(**batch).logits
        loss = task.loss(logits.float(), targets)
        self.scaler.scale(loss / texts).backward()  # type: ignore[no-untyped-call]
        self.loss += loss.detach()

    def moved(self, value: torch.Tensor) -> torch.Tensor:
        """Copy a batch to the device without waiting for it."""
        device = self.work.device.device
        return value if device.type == "cpu" else value.pin_memory().to(device, non_blocking=True)

    def mean_loss(self) -> float:
        """Return the mean loss since the last call; this waits for the device."""
        mean = float(self.loss) / max(1, self.loss_texts)
        self.loss.zero_()
        self.loss_texts = 0
        return mean

    def tensors(self) -> dict[str, Tensors]:
        """Collect what a checkpoint must hold to go on to the bit."""
        scale = {name: torch.tensor(value) for name, value in self.scaler.state_dict().items()}
        running = {"loss": self.loss.cpu(), "texts": torch.tensor(self.loss_texts)}
        return {
            "model": weights_of(self.work.model),
            "optimiser": optimiser_tensors(self.optimiser),
            "random": random_tensors(self.work.device.device),
            "running": {**running, **{f"scaler.{name}": value for name, value in scale.items()}},
        }

    def restore(self, parts: dict[str, Tensors]) -> None:
        """Undo tensors()."""
        self.work.model.load_state_dict(parts["model"], strict=False)
        restore_optimiser(self.optimiser, parts["optimiser"])
        running = dict(parts["running"])
        self.loss.copy_(running.pop("loss"))
        self.loss_texts = int(running.pop("texts"))
        self.scaler.load_state_dict(
            {name.removeprefix("scaler."): value.item() for name, value in running.items()}
        )
        restore_random(parts["random"], self.work.device.device)
