"""Compiles the model where that pays for itself in the run at hand: tried beside the plain model, and timed.

What a compiled model saves and what compiling costs differ from one GPU and encoder to another, so both are
measured: the plain and the compiled model take turns at the same batches. What was found is noted in the
cache, where the next run looks whether a trial is worth its time; the kernels stay in torch's own cache.

One graph serves all shapes: numbers of rows and lengths are left open. torch makes special graphs for sizes
of 0 and 1, so batches of one row, or of one token, go through the plain model.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

from finetune.batching import epoch_steps
from finetune.data.store import fingerprint
from finetune.errors import TrainingError
from finetune.wording import clock, first_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PreTrainedModel

    from finetune.data.numbers import Index
    from finetune.training.step import Stepper

BACKEND = "inductor"
STEPS, ROUNDS = 8, 3
WORTH_KEEPING = 1.03  # times as fast: below that it may be chance


@dataclass(frozen=True)
class Trial:
    """What compiling took in seconds, and how many times as fast the compiled model is."""

    seconds: float
    ratio: float

    def saved(self, left: float) -> float:
        """Seconds that a run with so many seconds left would win by it, compiling included."""
        return left - left / self.ratio - self.seconds


GUESS = Trial(seconds=120.0, ratio=1.25)  # until one was measured: only runs of ten minutes and more try it


class Compiling:
    """Decides for one run; folder keeps what trials found."""

    def __init__(self, stepper: Stepper, folder: Path) -> None:
        self.stepper, self.wanted = stepper, stepper.work.options.torch_compile
        work = stepper.work
        on_gpu = work.device.device.type == "cuda"
        name = torch.cuda.get_device_name(work.device.device) if on_gpu else "cpu"
        model = work.model.config.to_json_string(use_diff=False)
        self.note = (
            folder / f"compiled-{fingerprint(name, torch.__version__, work.device.precision, model)}.json"
        )
        self.open = self.wanted == "auto" and on_gpu and not work.options.deterministic

    def at_start(self) -> None:
        """Compile before the first step where that was asked for."""
        if self.wanted == "on":
            found = self.tried()
            if found is None:
                raise TrainingError("torch.compile failed, see above; --torch-compile off goes on without it")
            self.stepper.work.say(f"compiled   {told(found)} (--torch-compile on)")

    def consider(self, left: float) -> None:
        """Try it if the run is long enough, and keep it if it is faster; left is in seconds."""
        if not self.open:
            return
        self.open, say, world = False, self.stepper.work.say, self.stepper.work.world
        expected = world.first(self.expected)
        if expected.saved(left) <= 0:
            say(f"compiled   no: {told(expected)}, which does not pay with {clock(left)} left")
            return
        found = self.tried()
        if found is not None and found.ratio >= WORTH_KEEPING:
            say(f"compiled   yes: {told(found)}")
            return
        self.stepper.compiled = None
        say("compiled   no: " + (f"{told(found)}, which is not kept" if found else "it failed, see above"))

    def expected(self) -> Trial:
        """Look up what an earlier trial found, else guess."""
        try:
            return Trial(**json.loads(self.note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return GUESS

    def tried(self) -> Trial | None:
        """Compile and time, in all processes at once; None where it fails in one of them."""
        stepper, world = self.stepper, self.stepper.work.world
        before, found = stepper.loss.clone(), None
        try:
            found = self.measured()
        except (RuntimeError, OSError, ImportError) as error:  # torch's own, memory, no compiler
            stepper.compiled = None
            stepper.work.say(f"warning    torch.compile: {type(error).__name__}: {first_line(error)}")
        finally:
            stepper.optimiser.zero_grad(set_to_none=True)
            stepper.loss = before
        if world.any(found is None):
            stepper.compiled = None
            return None
        return world.first(lambda: self.kept(found))

    def measured(self) -> Trial:
        """Time the plain and the compiled model on the same batches, taking turns; the best round counts."""
        stepper, parts = self.stepper, self.sample()
        compiled = compile_open(stepper.work.model)
        best = {"plain": float("inf"), "compiled": float("inf")}
        began = time.monotonic()
        stepper.compiled = compiled
        self.seconds(parts)
        cost = time.monotonic() - began
        for _ in range(ROUNDS):
            for name, model in (("plain", None), ("compiled", compiled)):
                stepper.compiled = model
                best[name] = min(best[name], self.seconds(parts))
        return Trial(round(cost, 1), round(best["plain"] / best["compiled"], 3))

    def sample(self) -> list[Index]:
        """Take the batches of some steps; the first is no square, whose sides torch would take for equal."""
        stepper, lengths = self.stepper, self.stepper.work.train.lengths
        options, pieces = stepper.work.options, stepper.work.plan.pieces
        steps = epoch_steps(lengths, options.batch_size, (options.seed, 0), pieces=pieces)
        parts = [part for step in islice(steps, STEPS) for part in stepper.parts(step)]
        return sorted(parts, key=lambda part: len(part) == lengths[part].max())

    def seconds(self, parts: list[Index]) -> float:
        """Time the gradient of some batches."""
        self.stepper.wait()
        began = time.monotonic()
        for part in parts:
            self.stepper.backward(part, len(part))
        self.stepper.optimiser.zero_grad(set_to_none=True)
        self.stepper.wait()
        return time.monotonic() - began

    def kept(self, found: Trial | None) -> Trial | None:
        """Note it for the next run; a cache that cannot be written is no reason to stop."""
        if found is None:
            return None
        try:
            self.note.parent.mkdir(parents=True, exist_ok=True)
            self.note.write_text(json.dumps(asdict(found)), encoding="utf-8")
        except OSError as error:
            self.stepper.work.say(f"warning    {self.note}: {error.strerror}")
        return found


def compile_open(model: PreTrainedModel) -> Callable[..., Any]:
    """Compile with open sizes; the parameters stay those of the plain model, which evaluates and is saved."""
    out: Callable[..., Any] = torch.compile(model, dynamic=True, backend=BACKEND)
    return out


def told(found: Trial) -> str:
    """Write a trial: 1.31 times as fast after 48 s of compiling."""
    return f"{found.ratio:.2f} times as fast after {found.seconds:.0f} s of compiling"
