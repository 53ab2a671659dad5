"""Several processes that train one model, one a device: who takes part, and what they tell each other.

Started by torchrun or by `--gpus`. Rank 0 speaks and writes; the others compute. What is agreed (memory ran
out, somebody asked to stop) travels over gloo between the CPUs, so that no GPU is waited for; gradients
travel over NCCL between GPUs, or gloo between CPUs.
"""

from __future__ import annotations

import os
import platform
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import distributed

from finetune.errors import FinetuneError, OtherRankError, RequestError
from finetune.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from torch.distributed import ProcessGroup

    from finetune.data.numbers import Index

T = TypeVar("T")
# rank 0 may tokenise for hours; a rank that dies is noticed at once all the same
PATIENCE = timedelta(hours=12)
TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # what torchrun sets for each process
PARTING_SECONDS = 0.5
# elements: gradients travel in pieces of 64 MiB, so that little memory is needed beside them
BUCKET = 1 << 24


@dataclass(frozen=True)
class World:
    """One process among those that train together; alone, it agrees with itself and sends nothing."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    control: ProcessGroup | None = None
    data: ProcessGroup | None = None

    @property
    def leads(self) -> bool:
        """Tell whether this process speaks and writes."""
        return self.rank == 0

    def gpu(self, gpu_id: int | None) -> int | None:
        """Choose this process's GPU: the one that the user named, or one for each process of this machine."""
        if self.size == 1 or gpu_id == -1:
            return gpu_id
        if gpu_id is not None:
            raise RequestError(
                f"--gpu-id is {gpu_id}, but {self.size} processes train together; leave it out, or give -1"
            )
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if 0 < count < self.local_size:
            raise RequestError(
                f"{self.local_size} processes on {platform.node()}, but torch sees {count} GPUs there; "
                f"accepted: up to {count} processes, or --gpu-id -1 for CPUs"
            )
        return self.local_rank if count else None

    def on(self, device: torch.device) -> World:
        """Say where the gradients are; CPUs send them over the same connections as everything else."""
        if self.size == 1 or device.type == "cpu":
            return replace(self, data=self.control)
        torch.cuda.set_device(device)
        return replace(self, data=distributed.new_group(backend="nccl"))

    def share(self, index: Index, lengths: NDArray[np.int64]) -> Index:
        """Take this process's texts of a step: dealt out by length, to and fro, so that tokens are even.

        Example: lengths 9, 8, 7, 6 give rank 0 of 2 the texts of 9 and 6 tokens, rank 1 those of 8 and 7.
        """
        if self.size == 1:
            return index
        order = index[np.argsort(-lengths[index], kind="stable")]
        places = np.arange(len(order))
        lap, at = np.divmod(places, self.size)
        owner = np.where(lap % 2 == 0, at, self.size - 1 - at)
        mine: Index = order[owner == self.rank]
        return mine

    def any(self, holds: bool) -> bool:  # noqa: FBT001 - reads as a question: world.any(failed)
        """Tell whether something holds in any process; all must ask."""
        return bool(self.most(torch.tensor([holds], dtype=torch.uint8))[0])

    def agree(self, how: str) -> None:
        """Refuse processes that would compute differently: their gradients could not be added up."""
        if self.size == 1:
            return
        told: list[Any] = [None] * self.size
        with heard():
            distributed.all_gather_object(told, how, self.control)
        if len(set(told)) > 1:
            found = ", ".join(f"rank {rank} {one}" for rank, one in enumerate(told))
            raise RequestError(
                f"the processes of this run compute in different ways: {found}; pass a --precision that all "
                "of them have, such as fp16, and see to it that torch sees a GPU on every node"
            )

    def most(self, values: torch.Tensor) -> torch.Tensor:
        """Take the largest of each value over the processes; the values lie on the CPU."""
        if self.size > 1:
            with heard():
                distributed.all_reduce(values, distributed.ReduceOp.MAX, self.control)
        return values

    def sum(self, value: torch.Tensor) -> torch.Tensor:
        """Add a small tensor up over the processes; returns a copy on the CPU."""
        value = value.detach().cpu().clone()
        if self.size > 1:
            with heard():
                distributed.all_reduce(value, group=self.control)
        return value

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add the gradients up over the processes; a parameter that no process used stays without one."""
        if self.size == 1:
            return
        learned = [one for one in parameters if one.requires_grad]
        used = self.most(torch.tensor([one.grad is not None for one in learned], dtype=torch.uint8))
        grads = [gradient(one) for one, yes in zip(learned, used.tolist(), strict=True) if yes]
        for bucket in buckets(grads):
            flat = torch.cat([one.flatten() for one in bucket])
            with heard():
                distributed.all_reduce(flat, group=self.data)
            parts = torch.split(flat, [one.numel() for one in bucket])
            for one, part in zip(bucket, parts, strict=True):
                one.copy_(part.view_as(one))

    def spread(self, tensors: Iterable[torch.Tensor]) -> None:
        """Give every process rank 0's values."""
        for one in tensors if self.size > 1 else ():
            with heard():
                distributed.broadcast(one, 0, self.data)

    def first(self, work: Callable[[], T]) -> T:
        """Let rank 0 do something and everybody have its result; where it fails, all end."""
        if self.size == 1:
            return work()
        told: list[Any] = [None, 1]
        try:
            told = [work(), None] if self.leads else told
        except FinetuneError as error:
            told = [None, error.exit_code]
            raise
        finally:
            with heard():
                distributed.broadcast_object_list(told, 0, self.control)
        if told[1] is not None:
            raise OtherRankError(told[1])
        result: T = told[0]
        return result

    def in_turn(self, work: Callable[[], T]) -> T:
        """Let rank 0 do something first, which the others then find done, such as filling a cache."""
        if self.size == 1:
            return work()
        mine: list[T] = []
        self.first(lambda: mine.append(work()))
        return mine[0] if mine else work()

    def gathered(self, mine: dict[int, T]) -> dict[int, T]:
        """Put together on rank 0 what each process has; elsewhere it stays what it was."""
        if self.size == 1:
            return mine
        parts: list[Any] | None = [None] * self.size if self.leads else None
        with heard():
            distributed.gather_object(mine, parts, 0, self.control)
        return {key: value for part in parts or [mine] for key, value in part.items()}


ALONE = World()


def gradient(parameter: torch.nn.Parameter) -> torch.Tensor:
    """Return a parameter's gradient; one that this process had no use for is zero."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def buckets(tensors: list[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Group tensors of the same type so that a group has at most BUCKET elements, or a single tensor."""
    group: list[torch.Tensor] = []
    for one in tensors:
        full = sum(other.numel() for other in group) + one.numel() > BUCKET
        if group and (full or one.dtype != group[0].dtype):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


@contextmanager
def heard() -> Iterator[None]:
    """Turn a broken connection into an error that says what it means."""
    try:
        yield
    except (distributed.DistError, RuntimeError) as error:
        reason = first_line(error, 120)
        raise OtherRankError(
            1, f"another process of this run has ended ({reason}); its message says why"
        ) from None


@contextmanager
def joined(nodes: int) -> Iterator[World]:
    """Join the processes that torchrun or --gpus started, if it was one of them, and part at the end."""
    check_nodes(nodes, os.environ)
    if not started_together():
        yield ALONE
        return
    rank, size, local_rank, local_size = (int(os.environ[name]) for name in TOLD)
    if nodes == 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # a machine's own name need not resolve
    distributed.init_process_group("gloo")
    try:
        control = distributed.new_group(backend="gloo", timeout=PATIENCE)
        world = World(rank, size, local_rank, local_size, control, control)
        check_names(world, nodes)
        yield world
        distributed.barrier(control)
    finally:
        # a thread of gloo that still holds a tensor waits for the interpreter, which must not wait for it
        time.sleep(PARTING_SECONDS)
        distributed.destroy_process_group()


def started_together() -> bool:
    """Tell whether torchrun or --gpus started this process as one of several."""
    return all(name in os.environ for name in TOLD) and os.environ["WORLD_SIZE"] != "1"


def check_nodes(nodes: int, environment: Mapping[str, str]) -> None:
    """Refuse a job that fell apart: each part would train alone and none would say so."""
    here = int(environment.get("GROUP_WORLD_SIZE", "1"))
    if here != nodes:
        raise RequestError(
            f"--nodes is {nodes}, but torchrun joined {here}; give torchrun --nnodes {nodes} and the same "
            "--rdzv-endpoint and --rdzv-id on each node, and each node (container) a host name of its own: "
            "nodes of the same name are taken for one. Where it is right that way, pass "
            f"--nodes {here}"
        )


def check_names(world: World, nodes: int) -> None:
    """Refuse nodes with equal host names."""
    names: list[Any] = [None] * world.size
    distributed.all_gather_object(names, platform.node(), world.control)
    if len(set(names)) != nodes:
        found = ", ".join(sorted(set(names)))
        raise RequestError(
            f"{nodes} nodes train together, but their host names are {found}; give each its own"
        )
