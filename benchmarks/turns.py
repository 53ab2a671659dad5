"""Lets contenders take turns, so that a busy machine slows all of them alike.

Each has a process of its own, as in life: in one process every contender's thread would have OpenMP threads
of its own, more than there are cores, and then those of the one whose turn it is sleep between small kernels.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from readings import forget_peak, joules, resident

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection

CONTEXT = multiprocessing.get_context("forkserver")  # every process starts with what takes long to import
CONTEXT.set_forkserver_preload(["torch", "transformers.trainer", "transformers.models.bert.modeling_bert"])


class Finished(Exception):  # noqa: N818 - how a contender is told that it has trained enough
    """Ends a contender in the middle of its loop."""


@dataclass(frozen=True)
class Pace:
    """How long a contender works."""

    turns: int
    steps_a_turn: int
    warmup_steps: int


@dataclass
class Figures:
    """What was measured of a contender: seconds, texts, tokens without and with padding, bytes, joules."""

    seconds: float = 0.0
    texts: int = 0
    tokens: int = 0
    computed: int = 0
    first_step: float = 0.0
    peak_memory: int = 0
    joules: float | None = None


@dataclass
class Contender:
    """One way to train; its clock runs only in its turns, and the first turn is warm-up."""

    pace: Pace
    device: str
    channel: Connection
    figures: Figures = field(default_factory=Figures)
    _steps: int = 0
    _began: float = 0.0
    _energy: float | None = None

    def started(self) -> None:
        """Note when the contender begins to prepare its first step."""
        self._began = time.perf_counter()

    def step(self, texts: int, tokens: int, computed: int) -> None:
        """Count a step: texts, real tokens, and tokens with their padding; hand over at the end of a turn."""
        self._steps += 1
        if self._steps == 1:
            self.synchronise()
            self.figures.first_step = time.perf_counter() - self._began
        counted = self._steps - self.pace.warmup_steps
        if counted > 0:
            self.figures.texts += texts
            self.figures.tokens += tokens
            self.figures.computed += computed
        if counted == 0:
            self.hand_over(counts=False)
        elif counted > 0 and counted % self.pace.steps_a_turn == 0:
            self.hand_over(counts=True)
            if counted // self.pace.steps_a_turn == self.pace.turns:
                raise Finished

    def hand_over(self, *, counts: bool) -> None:
        """Stop the clock, let the others work, go on."""
        self.synchronise()
        if counts:
            self.figures.seconds += time.perf_counter() - self._began
            now = joules(self.device)
            if now is not None and self._energy is not None:
                self.figures.joules = (self.figures.joules or 0.0) + now - self._energy
        self.channel.send(None)
        self.wait()
        self._energy = joules(self.device)
        self._began = time.perf_counter()

    def wait(self) -> None:
        """Wait for the next turn; without a race there is none."""
        try:
            self.channel.recv()
        except EOFError:
            sys.exit(1)

    def synchronise(self) -> None:
        """Wait for the device, so that the clock sees what was really computed."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def compete(
    works: Mapping[str, Callable[[Contender, Any], None]], make: Callable[[], Any], device: str, pace: Pace
) -> dict[str, Figures]:
    """Run every contender in a process of its own, one at a time, until all are done.

    `make` gives the setting in which they work. One that fails shows its traceback, and ends the race.
    """
    found: dict[str, Figures] = {}
    with ExitStack() as race:
        channels = {name: race.enter_context(begin(work, make, device, pace)) for name, work in works.items()}
        while len(found) < len(works):
            for name in [one for one in works if one not in found]:
                try:
                    channels[name].send(None)
                    figures = channels[name].recv()
                except (EOFError, OSError):
                    raise SystemExit(f"{name} failed; its own words are above") from None
                if figures is not None:
                    found[name] = figures
    return {name: found[name] for name in works}


def begin(
    work: Callable[[Contender, Any], None], make: Callable[[], Any], device: str, pace: Pace
) -> Connection:
    """Start a contender's process; it waits for its first turn."""
    ours, theirs = CONTEXT.Pipe()
    CONTEXT.Process(target=run, args=(work, make, Contender(pace, device, theirs))).start()
    theirs.close()
    return ours


def run(work: Callable[[Contender, Any], None], make: Callable[[], Any], one: Contender) -> None:
    """Wait for the first turn, work, and send the figures."""
    multiprocessing.set_start_method(None, force=True)  # a loader starts its workers as ever, not as we did
    one.wait()
    setting = make()
    forget_peak()
    before = resident("VmRSS")
    try:
        work(one, setting)
    except Finished:
        pass
    else:
        raise RuntimeError("it ended before its turns were over")
    gpu = one.device == "cuda"
    one.figures.peak_memory = torch.cuda.max_memory_allocated() if gpu else resident("VmHWM") - before
    one.channel.send(one.figures)
