"""What the launcher says: on the terminal with a line of progress, and all of it in a log file."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from launcher.render import printable, writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from launcher.host import Host
    from launcher.process import Work

KEPT_LOGS = 10
LIVE_SECONDS = 0.5
PIPE_SECONDS = 30.0


@dataclass
class Step:
    """The long step that runs now."""

    title: str
    usual: str = ""
    doing: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> str:
        """Minutes and seconds: "1:07"."""
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        return f"{minutes}:{seconds:02d}"

    def __str__(self) -> str:
        usual = f", usually {self.usual}" if self.usual else ""
        return f"  ... {self.title} ({self.elapsed}{usual}) {self.doing}".rstrip()


class Console:
    """Says lines, and shows one long step at a time; its clock goes on while the step is silent."""

    def __init__(self, log: Path | None = None, out: IO[str] | None = None) -> None:
        self._out = out or sys.stdout
        self._log = log.open("a", encoding="utf-8") if log else None
        self._live = self._out.isatty()
        self._turn = threading.Lock()
        self._step: Step | None = None
        self.log_path = log

    def close(self) -> None:
        """Close the log."""
        if self._log:
            self._log.close()

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where the output goes elsewhere and may be as long as it likes."""
        return shutil.get_terminal_size((100, 24)).columns if self._live else None

    def say(self, text: str = "") -> None:
        """One line for the person and the log."""
        self.note(text)
        with self._turn:
            self._write(("\r\x1b[2K" if self._live else "") + text + "\n")

    def note(self, text: str) -> None:
        """One line for the log only: every word of every program ends up there."""
        if self._log:
            with contextlib.suppress(OSError, ValueError):  # a full disk is reported by the work itself
                self._log.write(f"{time.strftime('%H:%M:%S')} {text}\n")
                self._log.flush()

    @contextmanager
    def step(self, title: str, usual: str = "") -> Iterator[Step]:
        """A step that may take long; ends with its duration, also when it fails."""
        step = Step(title, usual)
        self.note(f"== {title}")
        try:
            with self.clock(step):
                self._draw()
                yield step
        except BaseException:
            self.say(f"  x   {title} ({step.elapsed})")
            raise
        self.say(f"  ok  {title} ({step.elapsed})")

    @contextmanager
    def clock(self, step: Step) -> Iterator[None]:
        """Only the live line of a step, with nothing said at its end."""
        self._step = step
        ended = threading.Event()
        threading.Thread(target=self._tick, args=(ended,), daemon=True).start()
        try:
            yield
        finally:
            ended.set()
            with self._turn:
                self._step = None
                self._write("\r\x1b[2K" if self._live else "")

    def progress(self, text: str) -> None:
        """How far the running step is; shown with the next tick."""
        if self._step:
            self._step.doing = printable(text)

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(LIVE_SECONDS if self._live else PIPE_SECONDS):
            self._draw()

    def _draw(self) -> None:
        with self._turn:
            if self._step and self._live:
                self._write(f"\r\x1b[2K{cut(str(self._step), (self.width or 100) - 1)}")
            elif self._step:
                self._write(f"{self._step}\n")

    def _write(self, text: str) -> None:
        """A terminal that was closed, or a pipe that nobody reads, does not stop the work."""
        try:
            self._out.write(writable(text, self._out))
            self._out.flush()
        except (OSError, ValueError):
            self._live = False
            _silence(self._out)


def follow(host: Host, console: Console, work: Work) -> None:
    """Run it; every line goes to the log and the last one is shown. CommandFailed where it fails."""

    def heard(line: str) -> None:
        console.note(line)
        console.progress(work.show(line))

    console.note(f"$ {' '.join(work.argv)}")
    host.stream(work, heard).check()


def _silence(out: IO[str]) -> None:
    """Nobody listens any more: what is still to come goes nowhere, also what Python flushes at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)


def open_log(folder: Path, verb: str) -> Path:
    """A new log file; only the newest few are kept."""
    for old in sorted(folder.glob(f"{verb}-*.log"))[: -(KEPT_LOGS - 1)]:
        old.unlink()
    return folder / f"{verb}-{time.strftime('%Y%m%d-%H%M%S')}.log"


def cut(text: str, width: int) -> str:
    """As much as fits into so many columns, of which a Chinese character takes two."""
    room = width
    for place, sign in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if room < 0:
            return text[:place]
    return text
