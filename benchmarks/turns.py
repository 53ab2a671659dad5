"""Lets contenders take turns in one process, so that a busy machine slows all of them alike."""

from __future__ import annotations

import ctypes
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from readings import joules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Finished(Exception):  # noqa: N818 - how a contender's thread is told that it has trained enough
    """Ends a contender in the middle of its loop."""


@dataclass(eq=False)
class Contender:
    """One way to train; its clock runs only in its turns, and the first turn is warm-up."""

    name: str
    turns: int
    steps_a_turn: int
    warmup_steps: int
    seconds: float = 0.0
    texts: int = 0
    tokens: int = 0
    computed: int = 0
    first_step: float = 0.0
    tf32: bool = False
    peak_memory: int = 0
    joules: float | None = None
    error: BaseException | None = None
    done: bool = False
    _held: int = 0
    _others: int = 0
    _steps: int = 0
    _began: float = 0.0
    _energy: float | None = None
    _go: threading.Event = field(default_factory=threading.Event)
    _back: threading.Event = field(default_factory=threading.Event)

    def started(self) -> None:
        """Note when the contender begins to prepare its first step."""
        self._began = time.perf_counter()

    def step(self, texts: int, tokens: int, computed: int) -> None:
        """Count a step: texts, real tokens, and tokens with their padding; hand over at the end of a turn."""
        self._steps += 1
        if self._steps == 1:
            synchronise()
            self.first_step = time.perf_counter() - self._began
        counted = self._steps - self.warmup_steps
        if counted > 0:
            self.texts, self.tokens = self.texts + texts, self.tokens + tokens
            self.computed += computed
        if counted == 0:
            self.hand_over(counts=False)
        elif counted > 0 and counted % self.steps_a_turn == 0:
            self.hand_over(counts=True)
            if counted // self.steps_a_turn == self.turns:
                raise Finished

    def hand_over(self, *, counts: bool) -> None:
        """Stop the clock, let the others work, go on."""
        synchronise()
        if counts:
            self.seconds += time.perf_counter() - self._began
            now = joules()
            if now is not None and self._energy is not None:
                self.joules = (self.joules or 0.0) + now - self._energy
        self.leave()
        self._back.set()
        self._go.wait()
        self._go.clear()
        self.enter()
        self._energy = joules()
        self._began = time.perf_counter()

    def enter(self) -> None:
        """Set what is global in the process, and note how much memory the others hold."""
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        if torch.cuda.is_available():
            synchronise()
            torch.cuda.reset_peak_memory_stats()
            self._others = torch.cuda.memory_allocated() - self._held

    def leave(self) -> None:
        """Note how much memory this contender holds and has needed."""
        if torch.cuda.is_available():
            self._held = torch.cuda.memory_allocated() - self._others
            self.peak_memory = max(self.peak_memory, torch.cuda.max_memory_allocated() - self._others)

    def turn(self) -> None:
        """Let this contender work until it hands over."""
        self._back.clear()
        self._go.set()
        self._back.wait()

    def run(self, work: Callable[[Contender, Any], None], setting: object) -> None:
        """Wait for the first turn, work, and give the turn back for good."""
        self._go.wait()
        self._go.clear()
        self.enter()
        try:
            work(self, setting)
            self.error = RuntimeError("it ended before its turns were over")
        except Finished:
            pass
        except BaseException as error:  # noqa: BLE001 - it is reported in the main thread
            self.error = error
        finally:
            self.done = True
            self._back.set()


def synchronise() -> None:
    """Wait for the device, so that the clock sees what was really computed."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def one_arena() -> None:
    """Let the threads share the main thread's heap: one of their own gives large pieces back at every turn.

    In life each contender has the main thread for itself. See M_ARENA_MAX in mallopt(3).
    """
    with suppress(AttributeError):  # a C library other than glibc
        ctypes.CDLL(None).mallopt(-8, 1)


def compete(works: Mapping[Contender, Callable[[Contender, Any], None]], setting: object) -> None:
    """Run every contender in a thread of its own, one at a time, until all are done."""
    one_arena()
    for one, work in works.items():
        threading.Thread(target=one.run, args=(work, setting), daemon=True).start()
    while any(not one.done for one in works):
        for one in works:
            if not one.done:
                one.turn()
