"""What every record says beside its figures: date, machine, versions, command."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

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


def cpu_name() -> str:
    """Name the processor as the kernel does."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def bare(argument: str) -> str:
    """Leave this machine's folders out of the record."""
    return Path(argument).name if "/" in argument else argument


def write(path: Path, contents: dict[str, Any]) -> None:
    """Replace the record in one go, so that a run that is killed leaves the rows that it has."""
    work = path.with_name(f".{path.name}.{os.getpid()}")
    work.write_text(json.dumps(contents, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    work.replace(path)
