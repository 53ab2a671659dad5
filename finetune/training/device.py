"""Chooses the device and the number format, and says why."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from finetune.batching import widened
from finetune.errors import RequestError

if TYPE_CHECKING:
    from finetune.data.numbers import Index

FAST_BF16_FLAGS = ("amx_bf16", "avx512_bf16")
# measured with small and base shapes, short and long texts: of 256 to 8192 tokens at once 1024 is fastest in
# fp32 on an AMD EPYC; with bf16 instructions (Intel AMX) a micro-batch costs more beside its tokens, and 2048
# is 10 to 20% above 1024
CPU_TOKENS, CPU_TOKENS_BF16 = 1024, 2048


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

    def widths(self, lengths: Index, longest: int) -> Index:
        """Tell how wide rows are made: on a CPU oneDNN keeps kernels and memory for each shape it has seen.

        With bf16 and few widths training holds a third less memory, and is as fast.
        """
        many = self.device.type == "cpu" and self.precision == "bf16"
        return widened(lengths, longest) if many else lengths

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
