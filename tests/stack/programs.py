"""Real programs of this host, started and heard out, and waiting for what they bring about."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

POLL_SECONDS = 0.3
OF_AN_OUTER_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, as if no make had started us: an inner make would talk of its folders."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE}
    return {**kept, **(extra or {})}


def run(
    argv: list[str], cwd: Path, text: str = "", env: Mapping[str, str] | None = None, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run to the end; `text` is its standard input."""
    return subprocess.run(
        argv,
        cwd=cwd,
        input=text,
        env=environment(env),
        timeout=seconds,
        check=False,
        capture_output=True,
        text=True,
    )


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Return as soon as it is true; AssertionError says what never became so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def in_background(argv: list[str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A program in a process group of its own that is ended at the end of the block."""
    with subprocess.Popen(
        argv, cwd=cwd, env=environment(), start_new_session=True, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
