"""Tells how much memory is free, and how many tokens at once suit a device."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from finetune.training.device import CPU_TOKENS

if TYPE_CHECKING:
    from finetune.training.device import Device

MOST_TOKENS = 1 << 17  # more at once is no faster on any GPU
ALLOCATION_FAILED = (
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDA error: out of memory",
    "can't allocate memory",
)
# what a micro-batch takes beside its tokens: reading the weights, as long as so many tokens take; and Python
# and launches, as long as one token takes to pass so many weights
READING_WEIGHTS = {"cpu": 80, "cuda": 0}
FIXED_WEIGHTS = {"cpu": 30_000_000, "cuda": 170_000_000_000}
BYTES_PER_TOKEN = 4_000_000  # for prediction, which keeps nothing of a layer: ample for any encoder and head


def out_of_memory(error: RuntimeError) -> bool:
    """Tell whether memory ran out; cuBLAS and the CPU's allocator have no error of their own for it."""
    return isinstance(error, torch.OutOfMemoryError) or any(one in str(error) for one in ALLOCATION_FAILED)


def available_bytes(device: torch.device) -> int:
    """Tell how much memory is free: of the GPU, or of the machine and the container that this runs in.

    What torch keeps for later, such as after an earlier training in this notebook, is free too.
    """
    if device.type == "cuda":
        gc.collect()
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    return min(machine_bytes(Path("/proc/meminfo")), container_bytes(Path("/sys/fs/cgroup")))


def machine_bytes(path: Path) -> int:
    """Read MemAvailable, which Linux gives in KiB; without it, the machine's whole memory."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def container_bytes(folder: Path) -> int:
    """Read what the control group may still take; files that it has in memory count as free."""
    try:
        limit, used = (int((folder / f"memory.{name}").read_text()) for name in ("max", "current"))
        held = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no control group, or its limit reads "max"
        return 1 << 62
    return max(0, limit - used + int(held.get("inactive_file", 0)))


def overhead(model: nn.Module, device: torch.device) -> int:
    """Reckon what a further micro-batch costs, in tokens: its fixed time over the time of a token.

    A token is multiplied by every matrix but those that are looked up. Measured on a CPU with 2 cores: 515
    tokens for 70 thousand such weights, 74 for 3 million, 137 for 86 million.
    """
    looked_up = {id(one.weight) for one in model.modules() if isinstance(one, nn.Embedding)}
    passed = sum(one.numel() for one in model.parameters() if one.dim() > 1 and id(one) not in looked_up)
    return READING_WEIGHTS[device.type] + FIXED_WEIGHTS[device.type] // max(1, passed)


def token_budget(device: Device, max_tokens: int | None) -> tuple[int, str]:
    """Say how many tokens go through a finished model at once."""
    if max_tokens is not None:
        return max_tokens, "--max-tokens"
    if device.device.type == "cpu":
        return device.cpu_tokens, "fits the caches of a CPU"
    free = available_bytes(device.device)
    fitting = min(MOST_TOKENS, free // BYTES_PER_TOKEN)
    return max(CPU_TOKENS, fitting), f"{free >> 30} GiB of GPU memory are free"
