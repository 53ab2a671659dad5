"""Starts programs: argument lists only, each in its own process group, which is killed as a whole.

Reads what they say; does not print it.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher.errors import CommandFailed, MissingProgram, WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

TAIL_LINES = 40
GRACE_SECONDS = 10.0
TICK_SECONDS = 0.5
KILLED = -9


def quote(argv: Sequence[str]) -> str:
    """The command as one would paste it: ["echo", "a b"] -> "echo 'a b'"."""
    return " ".join(shlex.quote(word) for word in argv)


@dataclass(frozen=True)
class Completed:
    """How a command ended. For a streamed one, stdout holds its last lines."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, with exit code 0."""
        return self.returncode == 0 and not self.timed_out

    @property
    def output(self) -> str:
        """Everything that it said, stripped."""
        return "\n".join(part.strip() for part in (self.stdout, self.stderr) if part.strip())

    def check(self) -> Completed:
        """Itself, or CommandFailed with its last lines."""
        if not self.ok:
            tail = self.output.splitlines()[-TAIL_LINES:]
            raise CommandFailed(quote(self.argv), self.returncode, tail, timed_out=self.timed_out)
        return self


@dataclass(frozen=True)
class Start:
    """How to start a command: its words, environment and folder."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None = None
    input: str | None = None


@dataclass(frozen=True)
class Work:
    """A long command: its words, what is laid over its environment, how much silence it may keep.

    show turns a line of its output into what is shown of it.
    """

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    stall: float | None = None
    show: Callable[[str], str] = str.strip


def run(start: Start, timeout: float | None) -> Completed:
    """Run to the end and keep what it said; after `timeout` seconds its whole group is killed."""
    argv = tuple(start.argv)
    with _started(start, stderr=subprocess.PIPE) as process:
        data = None if start.input is None else start.input.encode()
        try:
            out, err = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill_group(process, grace=0)
            return Completed(argv, KILLED, timed_out=True)
        finally:
            _close(process)
    return Completed(argv, process.returncode, _text(out), _text(err))


def stream(start: Start, on_line: Callable[[str], None], stall_timeout: float | None) -> Completed:
    """Run a long step and pass on each line as it comes; silence longer than `stall_timeout` ends it."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    argv = tuple(start.argv)
    with _started(start, stderr=subprocess.STDOUT) as process:
        try:
            for line in _lines(process, start.input, stall_timeout):
                tail.append(line)
                on_line(line)
        except TimeoutError:
            _kill_group(process, GRACE_SECONDS)
            return Completed(argv, KILLED, "\n".join(tail), timed_out=True)
        returncode = process.wait()
    return Completed(argv, returncode, "\n".join(tail))


def _lines(process: subprocess.Popen[bytes], text: str | None, stall: float | None) -> Iterator[str]:
    """Lines until the end of output; TimeoutError after `stall` silent seconds.

    A daemon that the command left behind may hold its output open: once the command itself has ended, one
    silent tick is the end.
    """
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_feed, args=(process, text), daemon=True).start()
    threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
    heard = time.monotonic()
    while True:
        ended = process.poll() is not None
        try:
            line = lines.get(timeout=TICK_SECONDS)
        except queue.Empty:
            if ended:
                return
            if stall is not None and time.monotonic() - heard > stall:
                raise TimeoutError from None
            continue
        if line is None:
            return
        heard = time.monotonic()
        yield line


def _feed(process: subprocess.Popen[bytes], text: str | None) -> None:
    if process.stdin is not None and text is not None:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(text.encode())
            process.stdin.close()


def _pump(process: subprocess.Popen[bytes], lines: queue.Queue[str | None]) -> None:
    """Universal newlines, so that each redraw of a progress bar is a line."""
    if process.stdout is not None:
        with io.TextIOWrapper(process.stdout, encoding="utf-8", errors="replace") as text:
            for line in text:
                lines.put(line.rstrip("\n"))
    lines.put(None)


@contextlib.contextmanager
def _started(start: Start, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """The running process, in a group of its own that does not outlive an exception."""
    try:
        process = subprocess.Popen(
            list(start.argv),
            env=dict(start.env),
            cwd=start.cwd,
            stdin=subprocess.DEVNULL if start.input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if start.cwd is not None and not start.cwd.is_dir():
            raise WorkbenchError(
                f"{start.cwd}: no such folder, so {start.argv[0]} cannot start in it"
            ) from error
        raise MissingProgram(start.argv[0], start.env.get("PATH", "")) from error
    except OSError as error:
        raise WorkbenchError(f"{quote(start.argv)}\n  cannot be started: {error.strerror}") from error
    try:
        yield process
    except BaseException:
        _kill_group(process, GRACE_SECONDS)
        raise


def _kill_group(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the group to end, as Ctrl-C would; kill what is left after `grace` seconds."""
    if grace:
        _signal(process, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace)
    _signal(process, signal.SIGKILL)
    process.wait()


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
