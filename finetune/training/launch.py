"""Starts one process a GPU for `--gpus`, as torchrun would, and waits for all of them.

torchrun itself would do, but for three things: it kills its processes 30 seconds after Ctrl-C, whether or not
the checkpoint is written; it prints a traceback for a user's mistake; it cannot be called from a notebook.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined] # it is public, but not marked so

from finetune.errors import FinetuneError, OtherRankError, RequestError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")
GRACE_SECONDS = 60.0  # after one process failed; the others notice by themselves


def count_processes(gpus: int | Literal["all"] | None) -> int:
    """Resolve --gpus: how many processes to start, 1 for none beside this one."""
    if gpus is None:
        return 1
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    wanted = max(1, count) if gpus == "all" else gpus
    if count == 0 or wanted > count:
        have = f"torch sees {count} GPUs" if count else "torch sees no GPU here"
        accepted = f"1 to {count}, or all" if count else "leave --gpus out to train on the CPU"
        raise RequestError(f"--gpus is {gpus}, but {have}; accepted: {accepted}")
    return wanted


@dataclass(frozen=True)
class Child:
    """One process, and the end of the pipe on which it reports."""

    process: SpawnProcess
    reports: Connection


def launch(count: int, work: Callable[[Callable[[str], None]], T], say: Callable[[str], None]) -> T:
    """Run work in so many processes; what rank 0 says is said here, and its result is returned."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("spawn")
    children = []
    for rank in range(count):
        ours, theirs = context.Pipe(duplex=False)
        arguments = (work, environment(rank, count, store.port), theirs)
        process = context.Process(target=run_child, args=arguments, name=f"rank {rank}")
        process.start()
        theirs.close()
        children.append(Child(process, ours))
    with forwarded_signals(children):
        outcomes = collect(children, say)
    for child in children:
        end(child.process)
    result: T = first_result(children, outcomes)
    return result


def environment(rank: int, count: int, port: int) -> dict[str, str]:
    """Say to a process who it is, in the words of torchrun."""
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    return {**{name: str(value) for name, value in numbers.items()}, **place}


def run_child(
    work: Callable[[Callable[[str], None]], Any], told: dict[str, str], reports: Connection
) -> None:
    """Be one of the processes: apart from the terminal's signals, and not alive longer than the parent."""
    os.setpgid(0, 0)
    os.environ.update(told)
    threading.Thread(target=outlive_nobody, daemon=True).start()
    torch.set_num_threads(max(1, torch.get_num_threads() // int(told["LOCAL_WORLD_SIZE"])))
    try:
        outcome = work(lambda line: reports.send(("say", line)))
    except FinetuneError as error:
        outcome = error
    except KeyboardInterrupt:
        outcome = TrainingError("interrupted; the same command goes on from the last checkpoint")
    reports.send(("end", outcome))


def outlive_nobody() -> None:
    """Ask for a stop once the parent is gone, however it went: nobody else would free the GPU."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def forwarded_signals(children: list[Child]) -> Iterator[None]:
    """Hand Ctrl-C and SIGTERM on: the children save and end, and we wait for them."""

    def forward(number: int, _frame: object) -> None:
        for child in children:
            if child.process.is_alive() and child.process.pid is not None:
                os.kill(child.process.pid, number)

    here = threading.current_thread() is threading.main_thread()  # elsewhere Python allows no handlers
    chosen = (signal.SIGINT, signal.SIGTERM) if here else ()
    before = {one: signal.signal(one, forward) for one in chosen}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def collect(children: list[Child], say: Callable[[str], None]) -> dict[int, Any]:
    """Listen until every process has reported or died; after the first failure the rest have a minute."""
    outcomes: dict[int, Any] = {}
    listening = {child.reports: rank for rank, child in enumerate(children)}
    failed = False
    while listening:
        ready = wait(list(listening), GRACE_SECONDS if failed else None)
        if not ready:
            break
        for reports in ready:
            assert isinstance(reports, Connection)  # noqa: S101 - nothing else is waited for
            kind, value = receive(reports)
            if kind == "say":
                say(value)
                continue
            rank = listening.pop(reports)
            if kind == "end":
                outcomes[rank] = value
            failed = failed or kind == "died" or isinstance(value, FinetuneError)
    return outcomes


def receive(reports: Connection) -> tuple[str, Any]:
    """Read one report; a closed pipe says that the process died."""
    try:
        kind, value = reports.recv()
    except (EOFError, OSError):
        return "died", None
    return str(kind), value


def end(process: SpawnProcess) -> None:
    """See a process off; one that hangs is killed."""
    process.join(GRACE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def first_result(children: list[Child], outcomes: dict[int, Any]) -> Any:  # noqa: ANN401 - the result
    """Return rank 0's result, or raise what went wrong first: not that another process was missed."""
    errors = [one for one in outcomes.values() if isinstance(one, FinetuneError)]
    errors.sort(key=lambda one: isinstance(one, OtherRankError))
    if errors and not isinstance(errors[0], OtherRankError):
        raise errors[0]
    for rank, child in enumerate(children):
        if rank not in outcomes:
            raise TrainingError(
                f"the process of rank {rank} ended with exit code {child.process.exitcode}; "
                "the same command goes on from the last checkpoint"
            )
    if errors:
        raise errors[0]
    return outcomes[0]
