"""DataLoader workers that hand over more than Docker's default 64 MB of shared memory at once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset

from .results import FailedError, Seen
from .settings import Settings

MIB = 2**20
ITEMS, ITEM_MIB = 8, 16
NEEDED = ITEMS * ITEM_MIB * MIB
# What torch has been seen to say in a 64 MB /dev/shm: 2.7 reports a dead worker, 2.13 one that fell silent.
SYMPTOMS = ("DataLoader worker", "DataLoader timed out", "shared memory", "No space left")
SMALL_MEND = (
    "Give the container more: `shm_size: 8gb` in compose.yaml, or `docker run --shm-size=8g`; with "
    "num_workers=0 training runs meanwhile, slower"
)


class Numbered(Dataset[torch.Tensor]):
    """Tensors of 16 MiB, each filled with its own index."""

    def __len__(self) -> int:
        """Return how many there are."""
        return ITEMS

    def __getitem__(self, index: int) -> torch.Tensor:
        """Return one that can be told from the others."""
        return torch.full((ITEM_MIB * MIB // 4,), float(index + 1))


def check(settings: Settings) -> Seen:
    """Look at the size of the shared memory first, then fill it through two workers."""
    size = refuse_small(settings.shared_memory)
    held = list(_batches())  # all kept, so that all lie in shared memory at once
    for index, batch in enumerate(held):
        if not bool((batch == index + 1).all()):
            raise FailedError(f"batch {index} arrived with other contents than its worker wrote", SMALL_MEND)
    detail = f"{len(held)} batches, {NEEDED // MIB} MiB at once through 2 workers; {settings.shared_memory} "
    return Seen(detail + f"is {size // MIB} MiB", {"shared_memory_bytes": size, "in_flight_bytes": NEEDED})


def refuse_small(folder: Path) -> int:
    """Return the size of the shared memory, failing where the batches cannot fit."""
    usage = shutil.disk_usage(folder)
    if usage.free < NEEDED:
        raise FailedError(
            f"{folder} is {usage.total // MIB} MiB with {usage.free // MIB} MiB free, this check holds "
            f"{NEEDED // MIB} MiB: workers and NCCL die there with a bus error",
            SMALL_MEND,
        )
    return usage.total


def _batches() -> Iterator[torch.Tensor]:
    loader = DataLoader(Numbered(), batch_size=None, num_workers=2, timeout=60)
    try:
        yield from loader
    except RuntimeError as error:
        text = str(error)
        if any(symptom in text for symptom in SYMPTOMS):
            told = f"a worker did not deliver, most often for want of shared memory: {text.splitlines()[0]}"
            raise FailedError(told, SMALL_MEND) from error
        raise
