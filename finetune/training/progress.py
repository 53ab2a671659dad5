"""Shows progress: one line that is rewritten on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

from finetune.wording import clock

TERMINAL_SECONDS = 0.5
LOG_SECONDS = 15.0


@dataclass
class Progress:
    """Counts steps and texts and prints where training stands."""

    total: int
    done: int = 0
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    started: float = field(default_factory=time.monotonic)
    shown: float = 0.0
    steps_here: int = 0
    texts_here: float = 0.0
    paused: float = 0.0
    first: bool = True
    speaks: bool = True

    def step(self, texts: float, note: str) -> None:
        """Count one step and show it if it is time."""
        self.done += 1
        self.count(texts)
        now = time.monotonic()
        wait = TERMINAL_SECONDS if self.stream.isatty() else LOG_SECONDS
        if self.speaks and (now - self.shown >= wait or self.done == self.total):
            self.shown = now
            self.show(note)

    def count(self, texts: float) -> None:
        """Count; the first step pays for warm-up, so the clock starts after it."""
        if self.first:
            self.first, self.started, self.paused = False, time.monotonic(), 0.0
            return
        self.steps_here += 1
        self.texts_here += texts

    def speed(self) -> float:
        """Texts per second since this start, evaluations left out."""
        return self.texts_here / max(1e-9, time.monotonic() - self.started - self.paused)

    def left(self) -> float:
        """Seconds to the end, if the rest goes as fast as so far."""
        elapsed = time.monotonic() - self.started - self.paused
        return elapsed / max(1, self.steps_here) * (self.total - self.done)

    def show(self, note: str) -> None:
        """Print the line."""
        speed = f"{self.speed():,.0f} texts/s  {clock(self.left())} left" if self.steps_here else ""
        line = f"step {self.done}/{self.total}  {note}  {speed}"
        end = "\r" if self.stream.isatty() and self.done < self.total else "\n"
        self.stream.write(f"{line:<100}"[:118].rstrip("\n") + end)
        self.stream.flush()
