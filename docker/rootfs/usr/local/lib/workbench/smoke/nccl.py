"""NCCL all-reduce, one process per GPU, the sum checked."""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import ProcessException, spawn

from .devices import gpus
from .results import FailedError, Seen, SkippedError
from .settings import Settings

_spawn: Callable[..., None] = spawn
_version: Callable[[], tuple[int, ...]] = torch.cuda.nccl.version

ELEMENTS = 4 * 2**20
MEND = (
    "Run again with NCCL_DEBUG=INFO: usual causes are a small /dev/shm (see the dataloader check), "
    "peer-to-peer blocked by the IOMMU (try NCCL_P2P_DISABLE=1), or no locked memory (ulimit -l)"
)


def check(settings: Settings) -> Seen:
    """Sum one tensor over all GPUs."""
    count = len(gpus(settings.record))
    if count < 2:
        raise SkippedError("one GPU: nothing to exchange", allowed=True)
    all_reduce("nccl", count)
    version = ".".join(map(str, _version()))
    detail = f"{count} GPUs summed {ELEMENTS * 4 // 2**20} MiB, NCCL {version}"
    return Seen(detail, {"gpus": count, "nccl": version})


def all_reduce(backend: str, count: int) -> None:
    """Start a process per rank, let them sum their ranks, and fail where one disagrees or dies."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            _spawn(_rank, args=(backend, count, str(Path(folder, "meet"))), nprocs=count)
        except ProcessException as error:
            raise FailedError(f"{backend} over {count} processes: {_last_line(error)}", MEND) from error


def _rank(rank: int, backend: str, count: int, meet: str) -> None:
    device = torch.device("cuda", rank) if backend == "nccl" else torch.device("cpu")
    dist.init_process_group(
        backend, init_method=f"file://{meet}", rank=rank, world_size=count, timeout=timedelta(minutes=3)
    )
    try:
        tensor = torch.full((ELEMENTS,), float(rank + 1), device=device)
        dist.all_reduce(tensor)
        expected = count * (count + 1) / 2
        if not bool((tensor == expected).all()):
            raise RuntimeError(f"rank {rank} holds {tensor[0].item()}, expected {expected}")
    finally:
        dist.destroy_process_group()


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
