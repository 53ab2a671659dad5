"""One optimiser step: the gradient of the mean loss over its texts, whatever micro-batches they form."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.amp.grad_scaler import GradScaler

from finetune.batching import TokenRows, cut, padded
from finetune.errors import RunFolderError, TrainingError
from finetune.training.checkpoint import (
    Tensors,
    optimiser_tensors,
    restore_optimiser,
    weights_of,
)
from finetune.training.device import CPU_TOKENS
from finetune.training.distributed import ALONE, World
from finetune.training.memory import out_of_memory, overhead
from finetune.training.optimiser import factor, make_optimiser, set_rate
from finetune.training.seeding import seed_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel

    from finetune.data.numbers import Index
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
    world: World = ALONE


class Stepper:
    """Holds model, optimiser and the loss since the last look, so that no step waits to read it."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.pad_id = work.model.config.pad_token_id or 0
        self.optimiser = make_optimiser(work.model, work.options)
        self.rows: TokenRows = work.task.view(work.train, 0)
        self.scaler = GradScaler(work.device.device.type, enabled=work.device.precision == "fp16")
        self.loss = torch.zeros((), device=work.device.device)
        self.scaler.scale(self.loss)  # makes the scale, which a process without a text in step 0 needs too
        self.loss_texts = 0
        self.norm = torch.zeros((), device=work.device.device)
        self.rate = 0.0
        self.preparing = 0.0  # seconds
        self.longest = int(work.train.lengths.max())
        self.max_tokens = CPU_TOKENS
        self.overhead = overhead(work.model, work.device.device)
        self.compiled: Callable[..., Any] | None = None

    def step(self, number: int, index: Index) -> None:
        """Take step `number`, counted from 0, on the texts of this index."""
        options, plan = self.work.options, self.work.plan
        shape, warmup = options.lr_scheduler_type, options.warmup_steps
        self.rate = set_rate(self.optimiser, factor(number, plan.total_steps, warmup, shape))
        self.rows = self.work.task.view(self.work.train, number)
        mine = self.work.world.share(index, self.work.train.lengths)
        while not self.fits(number, mine, len(index)):
            self.max_tokens = self.smaller()
        self.work.world.sum_gradients(self.work.model.parameters())
        self.update()
        self.loss_texts += len(index)

    def update(self) -> None:
        """Move the weights along the gradient, clipped; its norm is kept without waiting for the device."""
        limit = self.work.options.max_grad_norm
        if limit:
            self.scaler.unscale_(self.optimiser)
            self.norm = torch.nn.utils.clip_grad_norm_(self.work.model.parameters(), limit)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)

    def fits(self, number: int, mine: Index, texts: int) -> bool:
        """Compute the gradient of the mean loss over these texts; False says that memory did not suffice.

        Memory that runs out in one process makes all of them try again with the same smaller pieces.
        """
        before, failed = self.loss.clone(), False
        seed_step(self.work.options.seed, number, self.work.world.rank)
        try:
            for part in self.parts(mine):
                self.backward(part, texts)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            failed = True
        if self.work.world.any(failed):
            self.optimiser.zero_grad(set_to_none=True)
            self.loss = before
            return False
        return True

    def parts(self, index: Index) -> list[Index]:
        """Cut the texts of a step into what goes through the model at once."""
        places = np.arange(len(index))
        return [index[part] for part in cut(places, self.widths(index), self.max_tokens, self.overhead)]

    def widths(self, index: Index) -> Index:
        """Tell how wide these texts are made."""
        return self.work.device.widths(self.work.train.lengths[index], self.longest)

    def smaller(self) -> int:
        """Halve what goes through at once; the step keeps its texts, so the result stays the same."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        longest, half = self.longest, self.max_tokens // 2
        if self.max_tokens <= longest:
            raise TrainingError(
                f"out of memory with a single text of {longest} tokens at once; lower --max-seq-length "
                f"(now the longest text has {longest} tokens), or take a smaller encoder or a larger GPU"
            )
        self.work.say(
            f"out of memory: at most {half:,} tokens at once from here on, the batch stays as it is"
        )
        return half

    def forward(self, part: Index) -> torch.Tensor:
        """Sum the loss of one micro-batch."""
        train, task, device = self.work.train, self.work.task, self.work.device
        started = time.monotonic()
        width = int(self.widths(part).max())
        batch = {
            name: self.moved(value) for name, value in padded(self.rows, part, self.pad_id, width).items()
        }
        targets = self.moved(task.targets(train, part))
        self.preparing += time.monotonic() - started
        whole = min(batch["input_ids"].shape) > 1
        model = self.compiled if self.compiled is not None and whole else self.work.model
        with device.autocast():
            logits = model(**batch).logits
        return task.loss(logits.float(), targets)

    def backward(self, part: Index, texts: int) -> None:
        """Add one micro-batch's share to the gradient."""
        loss = self.forward(part)
        self.scaler.scale(loss / texts).backward()  # type: ignore[no-untyped-call]
        self.loss += loss.detach()

    def moved(self, value: torch.Tensor) -> torch.Tensor:
        """Copy a batch to the device without waiting for it."""
        device = self.work.device.device
        return value if device.type == "cpu" else value.pin_memory().to(device, non_blocking=True)

    def wait(self) -> None:
        """Let the device finish, so that a clock can be read."""
        if self.work.device.device.type == "cuda":
            torch.cuda.synchronize(self.work.device.device)

    def readings(self) -> dict[str, float]:
        """Tell the last gradient's norm before clipping, and the most memory that the GPU held, in GiB."""
        device = self.work.device.device
        found = {"gradient_norm": float(self.norm)} if self.work.options.max_grad_norm else {}
        if device.type == "cuda":
            found["gpu_memory_gib"] = torch.cuda.max_memory_allocated(device) / 2**30
        return found

    def mean_loss(self) -> float:
        """Return the mean loss since the last call; this waits for the device and the other processes."""
        mean = float(self.work.world.sum(self.loss)) / max(1, self.loss_texts)
        self.loss.zero_()
        self.loss_texts = 0
        return mean

    def tensors(self) -> dict[str, Tensors]:
        """Collect what a checkpoint must hold to go on to the bit; every process must take part."""
        scale = {name: torch.tensor(value) for name, value in self.scaler.state_dict().items()}
        running = {
            "loss": self.work.world.sum(self.loss),
            "texts": torch.tensor(self.loss_texts),
            "max_tokens": torch.tensor(self.max_tokens),
        }
        return {
            "model": weights_of(self.work.model),
            "optimiser": optimiser_tensors(self.optimiser),
            "running": {**running, **{f"scaler.{name}": value for name, value in scale.items()}},
        }

    def restore(self, parts: dict[str, Tensors]) -> None:
        """Undo tensors(); a checkpoint of another layout is refused."""
        refuse_other_layout(weights_of(self.work.model), parts["model"])
        self.work.model.load_state_dict(parts["model"], strict=False)  # tied ones occur once
        restore_optimiser(self.optimiser, parts["optimiser"])
        running = dict(parts["running"])
        loss = running.pop("loss")
        self.loss.copy_(loss if self.work.world.leads else torch.zeros_like(loss))
        self.max_tokens = min(self.max_tokens, int(running.pop("max_tokens")))
        self.loss_texts = int(running.pop("texts"))
        scale = {name.removeprefix("scaler."): value.item() for name, value in running.items()}
        if scale:  # else the run began where nothing needed scaling
            self.scaler.load_state_dict(scale)


def refuse_other_layout(own: Tensors, saved: Tensors) -> None:
    """Refuse weights of other names or sizes: what is left out would be trained from nothing, in silence."""
    shapes = [{name: tuple(value.shape) for name, value in one.items()} for one in (saved, own)]
    differing = [name for name in sorted({*saved, *own}) if len({one.get(name) for one in shapes}) > 1]
    if differing:
        was, now = (one.get(differing[0], "not there") for one in shapes)
        raise RunFolderError(
            f"the checkpoint to go on from is of another model: {differing[0]} is {was} in it, and {now} in "
            "what --encoder gives; put back the encoder that the run began with, give --output-dir another "
            "folder, or pass --overwrite to delete that run"
        )
