"""What `make up` says: on the terminal with a line of progress, and all of it in a log file."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT_LOGS = 10
REDRAW_SECONDS = 0.2
PLAIN_SECONDS = 15.0


class Console:
    """Says lines, and shows one long step at a time."""

    def __init__(self, log: Optional[Path] = None, out: IO[str] = sys.stdout) -> None:
        self._out = out
        self._log = log.open("a", encoding="utf-8") if log else None
        self._live = out.isatty()
        self._step = ""
        self._started = 0.0
        self._shown = 0.0
        self.log_path = log

    def say(self, text: str = "") -> None:
        """One line for the person and the log."""
        self.note(text)
        self._clear()
        self._out.write(text + "\n")
        self._out.flush()

    def note(self, text: str) -> None:
        """One line for the log only: every word of every program ends up there."""
        if self._log:
            self._log.write(f"{time.strftime('%H:%M:%S')} {text}\n")
            self._log.flush()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step that may take long; ends with its duration, also when it fails."""
        self._step, self._started, self._shown = title, time.monotonic(), time.monotonic()
        self.note(f"== {title}")
        self._draw("")
        try:
            yield
        except BaseException:
            self.say(f"  x   {title} ({self._elapsed()})")
            raise
        self.say(f"  ok  {title} ({self._elapsed()})")

    def progress(self, text: str) -> None:
        """How far the running step is; redrawn on a terminal, a line now and then elsewhere."""
        now = time.monotonic()
        if now - self._shown >= (REDRAW_SECONDS if self._live else PLAIN_SECONDS):
            self._shown = now
            self._draw(text)

    def _draw(self, text: str) -> None:
        line = f"  ... {self._step} ({self._elapsed()}) {text}".rstrip()
        if self._live:
            self._out.write(f"\r\x1b[2K{line[: _width() - 1]}")
        else:
            self._out.write(line + "\n")
        self._out.flush()

    def _clear(self) -> None:
        if self._live:
            self._out.write("\r\x1b[2K")

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{minutes}:{seconds:02d}"


def open_log(folder: Path, verb: str) -> Path:
    """A new log file; only the newest few are kept."""
    for old in sorted(folder.glob(f"{verb}-*.log"))[: -(KEPT_LOGS - 1)]:
        old.unlink()
    return folder / f"{verb}-{time.strftime('%Y%m%d-%H%M%S')}.log"


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns
