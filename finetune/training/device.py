"""Chooses the device and the number format, and says why."""

from __future__ import annotations

import gc
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from finetune.errors import RequestError

ALLOCATION_FAILED = (
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDA error: out of memory",
    "can't allocate memory",
)
FAST_BF16_FLAGS = ("amx_bf16", "avx512_bf16")
# measured with small and base shapes, short and long texts: of 256 to 8192 tokens at once 1024 is fastest in
# fp32 on an AMD EPYC; with bf16 instructions (Intel AMX) a micro-batch costs more beside its tokens, and 2048
# is 10 to 20% above 1024
CPU_TOKENS, CPU_TOKENS_BF16 = 1024, 2048
# what a micro-batch takes beside its tokens: reading the weights, as long as so many tokens take; and Python
# and launches, as long as one token takes to pass so many weights
READING_WEIGHTS = {"cpu": 80, "cuda": 0}
FIXED_WEIGHTS = {"cpu": 30_000_000, "cuda": 170_000_000_000}
BYTES_PER_TOKEN = 4_000_000  # for prediction, which keeps nothing of a layer: ample for any encoder and head


@dataclass(frozen=True)
class Device:
    """Where and in which format the model is computed, each with its reason."""

    device: torch.device
    device_why: str
    precision: str
    precision_why: str

    @property
    def dtype(self) -> torch.dtype:
        """The type of the matrix products."""
        return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision, torch.float32)

    @property
    def cpu_tokens(self) -> int:
        """How many tokens pass at once on a CPU without leaving its caches."""
        return CPU_TOKENS_BF16 if self.precision == "bf16" else CPU_TOKENS

    def autocast(self) -> torch.autocast:
        """Compute matrix products in the chosen format inside this context."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def prepare(self) -> None:
        """Let a GPU multiply in TF32 what is not in half precision, unless exact fp32 was asked for."""
        if self.device.type == "cuda":
            with warnings.catch_warnings():  # of torch 2.9, whose newer switches torch.compile refuses
                warnings.filterwarnings("ignore", message=".*TF32")
                torch.set_float32_matmul_precision("highest" if self.precision == "fp32" else "high")


def choose_device(gpu_id: int | None, precision: str) -> Device:
    """Take the GPU that the user named, the first one, or the CPU."""
    device, why = find_device(gpu_id)
    found, reason = find_precision(device, precision)
    return Device(device, why, found, reason)


def find_device(gpu_id: int | None) -> tuple[torch.device, str]:
    """Resolve the GPU's number; a GPU that is not there is refused, not replaced by the CPU in silence."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpu_id is not None and (gpu_id >= count or gpu_id < -1):
        have = f"torch sees {count} GPUs" if count else "torch sees no GPU here"
        accepted = f"0 to {count - 1}, or -1 for the CPU" if count else "-1 for the CPU"
        raise RequestError(f"--gpu-id is {gpu_id}, but {have}; accepted: {accepted}")
    if gpu_id == -1:
        return torch.device("cpu"), "--gpu-id -1"
    if count == 0:
        cores = len(os.sched_getaffinity(0))
        return torch.device("cpu"), f"torch sees no GPU; {cores} cores, {torch.get_num_threads()} threads"
    number = gpu_id or 0
    return torch.device("cuda", number), f"{torch.cuda.get_device_name(number)}, GPU {number} of {count}"


def find_precision(device: torch.device, wanted: str) -> tuple[str, str]:
    """Take bf16 where the hardware multiplies in it, else fp16 on a GPU and fp32 on a CPU."""
    if wanted in {"fp16", "tf32"} and device.type == "cpu":
        raise RequestError(f"--precision {wanted} needs a GPU; accepted on a CPU: auto, bf16, fp32")
    if wanted == "tf32" and torch.cuda.get_device_capability(device) < (8, 0):
        raise RequestError(
            "--precision tf32 needs a GPU that has it (Ampere and later); accepted: auto, fp16, fp32"
        )
    if wanted != "auto":
        return wanted, f"--precision {wanted}"
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) >= (8, 0):
            return "bf16", "this GPU multiplies in bf16"
        return "fp16", "this GPU has no bf16; the loss is scaled"
    flags = [one for one in FAST_BF16_FLAGS if one in cpu_flags()]
    return ("bf16", f"this CPU has {flags[0]}") if flags else ("fp32", "this CPU has no bf16 instructions")


def cpu_flags() -> set[str]:
    """Read the CPU's instruction sets from /proc/cpuinfo; unknown elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split(":", 1)[1].split()) for line in lines if line.startswith("flags")), set())


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


def hidden_gpu(device: Device) -> str | None:
    """Say what is wrong where the CPU computes beside a GPU."""
    if device.device.type != "cpu":
        return None
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name(0)} stays idle: {device.device_why}"
    if Path("/dev/nvidia0").exists():
        return "an NVIDIA GPU is there, but torch cannot use it; `make doctor` on the host says why"
    return None


def strays(model: nn.Module, device: Device) -> str | None:
    """Name weights that lie elsewhere: CPU tensors beside a GPU compute on the CPU without an error."""
    where = device.device.type
    found = [name for name, one in model.named_parameters() if one.device.type != where]
    return f"{len(found)} weights are not on {device.device}, the first is {found[0]}" if found else None


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
    return max(CPU_TOKENS, min(1 << 17, free // BYTES_PER_TOKEN)), f"{free >> 30} GiB of GPU memory are free"
