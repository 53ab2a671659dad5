"""Describes where a run is computed: the versions that decide a result, and the computer."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "pyarrow")


def package_versions() -> dict[str, str]:
    """Name the versions that decide a result."""
    return {**{name: metadata.version(name) for name in PACKAGES}, "python": platform.python_version()}


def machine() -> dict[str, Any]:
    """Describe the computer, as far as it matters for speed and for equal bits."""
    import torch  # noqa: PLC0415 - naming a run must not wait for it

    gpus = (
        [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
        if torch.cuda.is_available()
        else []
    )
    cores = len(os.sched_getaffinity(0))
    return {"cpu": cpu_name(), "cores": cores, "threads": torch.get_num_threads(), "gpus": gpus}


def cpu_name() -> str:
    """Read the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
