"""Runs each check in its own process: a crash in a driver library, or a hang, costs one line."""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess

from .catalogue import Check
from .results import FailedError, Outcome, Result, SkippedError
from .settings import Settings

CRASH_MEND = (
    "A crash below Python is most often a library that does not fit the driver, or the kernel ending a "
    "process for memory: compare the driver and torch checks, then `dmesg | tail` on the host"
)
HANG_MEND = "Run this check alone, with --only and a longer --limit, and watch nvidia-smi and htop meanwhile"


def attempt(check: Check, settings: Settings) -> Outcome:
    """Run one check here and turn whatever it raises into an outcome."""
    try:
        seen = check.load()(settings)
    except SkippedError as skip:
        return Outcome("skipped", skip.detail, skip.mend, {"allowed": skip.allowed})
    except FailedError as failure:
        return Outcome("failed", failure.detail, failure.mend, failure.data)
    except Exception as error:  # noqa: BLE001 - a check must end in a line, whatever broke
        return _unforeseen(error)
    return Outcome("passed", seen.detail, data=seen.data)


def run_apart(check: Check, settings: Settings, limit: float) -> Result:
    """Run one check in its own process and time it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["smoke.preload"])
    started = time.perf_counter()
    outcome = _outcome(context, check, settings, limit)
    return Result(check.name, check.title, outcome, time.perf_counter() - started)


def _outcome(context: ForkServerContext, check: Check, settings: Settings, limit: float) -> Outcome:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(check, settings, sender))
    process.start()
    sender.close()
    try:
        return _await(process, receiver, limit)
    finally:
        _end(process)


def _child(check: Check, settings: Settings, sender: Connection) -> None:
    os.setpgid(0, 0)  # so that what the check started ends with it
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # standard output carries JSON lines alone
    sender.send(attempt(check, settings))


def _await(process: ForkServerProcess, receiver: Connection, limit: float) -> Outcome:
    wait([receiver, process.sentinel], timeout=limit)
    with suppress(EOFError):
        if receiver.poll():
            outcome: Outcome = receiver.recv()
            process.join(timeout=5)  # it removes its temporary files before its group is ended
            return outcome
    process.join(timeout=1)
    if process.exitcode is None:
        return Outcome("failed", f"no answer in {limit:g} s, given up", HANG_MEND)
    return Outcome("failed", f"the check's process died: {_death(process.exitcode)}", CRASH_MEND)


def _death(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _end(process: ForkServerProcess) -> None:
    if process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.join(timeout=5)


def _unforeseen(error: Exception) -> Outcome:
    text = str(error).strip().splitlines() or ["no message"]
    trace = "".join(traceback.format_exception(error))
    sys.stderr.write(trace)
    mend = "This failure has no known cause here; the traceback is in the receipt"
    return Outcome("failed", f"{type(error).__name__}: {text[0]}", mend, {"traceback": trace})
