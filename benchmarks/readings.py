"""What a contender takes besides time: memory on a CPU, energy where the machine tells it."""

from __future__ import annotations

import re
from pathlib import Path

PROCESS = Path("/proc/self")
PROCESSORS = Path("/sys/class/powercap")


def resident(name: str) -> int:
    """Read VmRSS, what this process holds, or VmHWM, the most that it held, in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", (PROCESS / "status").read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def forget_peak() -> None:
    """Let VmHWM begin anew; see proc(5), clear_refs."""
    (PROCESS / "clear_refs").write_text("5", encoding="utf-8")


def joules(device: str) -> float | None:
    """Read the energy that the GPU, or all processors, took so far; None where nothing tells it.

    The counter of a processor starts again after some hours at full load; NVML's does not.
    """
    if device == "cuda":
        return gpu_joules()
    counters = list(PROCESSORS.glob("intel-rapl:?/energy_uj"))  # one a socket; AMD's have the same name
    try:
        return sum(int(one.read_text()) for one in counters) / 1e6 if counters else None
    except PermissionError:
        return None


def gpu_joules() -> float | None:
    """Ask NVML for the energy of the first GPU; None without its package, or a GPU that does not know."""
    try:
        import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore] # noqa: PLC0415 - only the image has it

        pynvml.nvmlInit()
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(pynvml.nvmlDeviceGetHandleByIndex(0))) / 1e3
    except (ImportError, OSError):
        return None
    except pynvml.NVMLError:
        return None
