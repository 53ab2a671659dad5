"""Holds an image against docker/variants.json while it is built.

`promise.py record VARIANT BASE` looks at the torch of the base and writes the variant record; `promise.py
verify` looks again after the later layers. Either ends the build with exit code 1 when the image is not what
was promised.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

RECORD = Path("/etc/workbench/variant.json")
CONSTRAINTS = Path("/etc/workbench/constraints.txt")
VARIANTS = Path(__file__).with_name("variants.json")


def promised(variant: str, base: str) -> dict[str, Any]:
    """Return what an image of `variant` must hold; from PyPI it is PyPI's torch, whatever the variant."""
    table = json.loads(VARIANTS.read_text())
    row = table["variants"][table["pypi_build"] if base == "pypi" else variant]
    return {
        "variant": variant,
        "base": base,
        "python": table["python"],
        "torch": table["torch"],
        "cuda": row["cuda"],
        "cudnn": row["cudnn"],
        "gpu_architectures": row["gpu_architectures"],
    }


def found() -> dict[str, Any]:
    """Look at the torch that `python` imports here."""
    import torch  # noqa: PLC0415 - only a look at the image needs it

    version = torch.backends.cudnn.version() or 0  # type: ignore[no-untyped-call] # torch has no types
    return {
        "python": "{}.{}".format(*sys.version_info),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": f"{version // 10000}.{version // 100 % 100}" if version else None,
        "gpu_architectures": (torch._C._cuda_getArchFlags() or "").split() if torch.version.cuda else [],  # noqa: SLF001
        "copies_of_torch": [d.version for d in metadata.distributions() if d.metadata["Name"] == "torch"],
    }


def differences(want: dict[str, Any], have: dict[str, Any]) -> list[str]:
    """Say where an image breaks its promise; more GPU architectures than promised are welcome."""
    wrong = [
        f"{key}: promised {want[key]}, found {have[key]}"
        for key in ("python", "cuda", "cudnn")
        if want[key] != have[key]
    ]
    if have["torch"].split("+")[0] != want["torch"].split("+")[0]:
        wrong.append(f"torch: promised {want['torch']}, found {have['torch']}")
    if missing := [a for a in want["gpu_architectures"] if a not in have["gpu_architectures"]]:
        wrong.append(f"GPU architectures: {', '.join(missing)} promised, found {have['gpu_architectures']}")
    if len(have["copies_of_torch"]) > 1:
        wrong.append(f"torch is installed {len(have['copies_of_torch'])} times: {have['copies_of_torch']}")
    return wrong


def main(arguments: list[str]) -> int:
    """Record or verify; print what was found."""
    have = found()
    want = promised(*arguments[1:3]) if arguments[0] == "record" else json.loads(RECORD.read_text())
    wrong = differences(want, have)
    if arguments[0] == "verify" and have["torch"] != want["torch"]:
        wrong.append(f"a later layer replaced torch {want['torch']} by {have['torch']}")
    for line in wrong:
        sys.stderr.write(f"promise broken: {line}\n")
    if not wrong:
        have.pop("copies_of_torch")
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        RECORD.write_text(json.dumps({**want, **have}, indent=2) + "\n")
        CONSTRAINTS.write_text(f"torch=={have['torch'].split('+')[0]}\n")
        sys.stdout.write("{variant}: torch {torch}, CUDA {cuda}, cuDNN {cudnn}\n".format(**{**want, **have}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
