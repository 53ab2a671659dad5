"""What every record says beside its figures: date, machine, versions, command."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from finetune.machine import cpu_name

PACKAGES = ("torch", "transformers", "tokenizers", "datasets", "accelerate", "numpy")


def facts(benchmark: str, device: str, packages: tuple[str, ...] = PACKAGES) -> dict[str, Any]:
    """Collect what a reader needs to repeat the figures."""
    return {
        "benchmark": benchmark,
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "device": device,
        "machine": {"cpu": cpu_name(), "cores": len(os.sched_getaffinity(0)), "system": platform.system()},
        "versions": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in packages},
        },
        "command": "python benchmarks/" + " ".join([Path(sys.argv[0]).name, *map(bare, sys.argv[1:])]),
    }


def device_name(device: str) -> str:
    """Name the GPU, or say cpu; refuse to measure a GPU that is not there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: torch sees no GPU here; accepted: cpu")
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def bare(argument: str) -> str:
    """Leave this machine's folders out of the record."""
    return Path(argument).name if "/" in argument else argument
