"""The variant record: what the build of this image promised, as written to /etc/workbench/variant.json."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_PATH = Path("/etc/workbench/variant.json")
REQUIRED = ("variant", "torch", "cuda", "cudnn", "gpu_architectures")


class RequestError(Exception):
    """The request itself is wrong: exit code 2."""


@dataclass(frozen=True)
class Record:
    """The promises that the checks hold the image to."""

    variant: str
    torch: str
    cuda: str | None
    cudnn: str | None
    gpu_architectures: tuple[str, ...]
    python: str | None = None

    @property
    def wants_gpu(self) -> bool:
        """Every variant but cpu is of no use without a GPU."""
        return self.variant != "cpu"


def load_record(path: Path = DEFAULT_PATH) -> Record:
    """Read the record, refusing an incomplete one by the names of what it lacks."""
    fields = _read(path)
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise RequestError(
            f"{path}: found no {', '.join(missing)}; expected {', '.join(REQUIRED)}. "
            "Build the image again: make up",
        )
    return Record(
        variant=str(fields["variant"]),
        torch=str(fields["torch"]),
        cuda=_text(fields["cuda"]),
        cudnn=_text(fields["cudnn"]),
        gpu_architectures=tuple(str(name) for name in fields["gpu_architectures"] or ()),
        python=_text(fields.get("python")),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RequestError(
            f"{path}: no such file; the image's build writes it. Run the checks inside the workbench, "
            "or name a record with --variant-record",
        ) from None
    except ValueError as error:
        raise RequestError(f"{path}: not JSON ({error}). Build the image again: make up") from None
    if not isinstance(fields, dict):
        raise RequestError(f"{path}: found a {type(fields).__name__}, expected a JSON object")
    return fields


def _text(value: object) -> str | None:
    return None if value is None else str(value)
