"""What the processes of the tests do; apart, so that a process imports no more than it needs."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import torch

from finetune.errors import RequestError
from finetune.training.distributed import joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune.data.numbers import Index
    from finetune.training.step import Stepper


def in_company(say: Callable[[str], None]) -> list[object]:
    with joined(1) as world:
        parameters = [torch.nn.Parameter(torch.zeros(3)) for _ in range(3)]
        parameters[0].grad = torch.full((3,), float(world.rank + 1))
        if world.rank == 1:  # one that only this process used; nobody used the third
            parameters[1].grad = torch.ones(3)
        world.sum_gradients(parameters)
        grads = [None if one.grad is None else one.grad.tolist() for one in parameters]
        weights = torch.full((2,), float(world.rank))
        world.spread([weights])
        if world.leads:
            say("only rank 0 speaks")
        agreed = [world.any(world.rank == 1), world.any(holds=False), world.first(lambda: world.rank)]
        return [*agreed, grads, weights.tolist(), world.gathered({world.rank: world.in_turn(lambda: "x")})]


def failing(how: str, _say: Callable[[str], None]) -> None:
    with joined(1) as world:
        if how == "leader":
            world.first(wrong)
        if world.rank == 1 and how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if world.rank == 1:
            wrong()
        world.any(holds=True)


def differing(_say: Callable[[str], None]) -> None:
    with joined(1) as world:
        world.agree("cuda bf16" if world.leads else "cuda fp16")


def stuck(_say: Callable[[str], None]) -> None:
    """Rank 0 hangs as in NCCL, which nothing wakes, while rank 1 knows what is wrong."""
    if os.environ["RANK"] == "1":
        wrong()
    time.sleep(600)


def short_of_memory(command: list[str], _say: Callable[[str], None]) -> int:
    """Train; the second process has no room for more than two texts at once."""
    from finetune.cli import main  # noqa: PLC0415 - only here
    from finetune.training.step import Stepper  # noqa: PLC0415 - likewise

    backward = Stepper.backward

    def limited(self: Stepper, part: Index, texts: int) -> None:
        if self.work.world.rank == 1 and len(part) > 2:
            raise torch.OutOfMemoryError
        backward(self, part, texts)

    Stepper.backward = limited  # type: ignore[method-assign] # this process ends with the test
    return main(command)


def interrupted(work: Callable[[Callable[[str], None]], Any], say: Callable[[str], None]) -> Any:  # noqa: ANN401 - as launch
    """Do this part of a run that gets Ctrl-C in step 8, as its parent does from a terminal."""
    from finetune.training.step import Stepper  # noqa: PLC0415 - only here

    step = Stepper.step

    def stopped(self: Stepper, number: int, index: Index) -> None:
        step(self, number, index)
        if number == 7 and self.work.world.leads:
            heard, handler = threading.Event(), signal.getsignal(signal.SIGINT)

            def hear(*signalled: Any) -> None:  # noqa: ANN401 - a handler's
                handler(*signalled)  # type: ignore[operator, misc] # that of the session
                heard.set()

            signal.signal(signal.SIGINT, hear)
            os.kill(os.getppid(), signal.SIGINT)
            assert heard.wait(60)

    Stepper.step = stopped  # type: ignore[method-assign] # this process ends with the test
    return work(say)


def wrong() -> None:
    raise RequestError("this is wrong")
