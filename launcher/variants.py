"""Reads docker/variants.json, the only place where versions live, and refuses an incomplete row.

Which variant a host should take is choice.py's matter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from launcher.errors import DataFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from launcher.host import Host

AUTO, CPU = "auto", "cpu"
TOP_KEYS = ("torch", "python", "default", "variants", "pypi_build")
OPTIONAL = {"cuda", "cudnn", "driver_floor", "base_image"}


@dataclass(frozen=True)
class Variant:
    """One row: a torch build, what it needs of the host, and where its base can be had."""

    name: str
    torch_build: str
    cuda: str | None
    cudnn: str | None
    gpu_architectures: tuple[str, ...]
    driver_floor: str | None
    architecture_driver_floors: Mapping[str, str]
    base_image: str | None
    wheel_index: str

    @property
    def uses_gpu(self) -> bool:
        """Whether this build has kernels for any GPU."""
        return bool(self.gpu_architectures)

    @property
    def architecture_range(self) -> str:
        """Oldest to newest: "sm_50 to sm_90"."""
        return f"{self.gpu_architectures[0]} to {self.gpu_architectures[-1]}" if self.uses_gpu else "no GPU"


@dataclass(frozen=True)
class Variants:
    """The whole file; `rows` keeps its order, the default first."""

    torch: str
    python: str
    default: str
    pypi_build: str
    rows: Mapping[str, Variant]

    @property
    def preferred(self) -> list[Variant]:
        """GPU variants in the order in which auto tries them."""
        rows = [row for row in self.rows.values() if row.uses_gpu]
        return sorted(rows, key=lambda row: row.name != self.default)

    def from_pypi(self, variant: Variant) -> bool:
        """Whether PyPI's one build makes this variant: it runs without a GPU too."""
        return variant.name in {self.pypi_build, CPU}


def load(host: Host, path: Path) -> Variants:
    """The file at `path`, or DataFileError naming the row and the key that are wrong."""
    text = host.read_text(path)
    if text is None:
        raise DataFileError(
            f"{path}: cannot be read. It comes with the checkout: `git checkout -- {path.name}`."
        )
    try:
        data = json.loads(text)
    except ValueError as error:
        raise DataFileError(f"{path}: not JSON: {error}") from error
    return parse(data, str(path))


def parse(data: Any, where: str) -> Variants:  # noqa: ANN401 - JSON is anything until it is checked
    """The checked contents of variants.json; `where` names it in a refusal."""
    _check_keys(data, set(TOP_KEYS), where)
    _check_keys(data["variants"], None, f"{where}: variants")
    rows = {name: _row(name, row, f"{where}: variants.{name}") for name, row in data["variants"].items()}
    for key in ("default", "pypi_build"):
        if data[key] not in rows:
            raise DataFileError(
                f"{where}: {key}: {data[key]!r} is not a variant. Accepted are {', '.join(rows)}."
            )
    for key in ("torch", "python"):
        _check_type(data[key], str, f"{where}: {key}")
    return Variants(data["torch"], data["python"], data["default"], data["pypi_build"], rows)


def _row(name: str, row: Any, where: str) -> Variant:  # noqa: ANN401
    keys = {field.name for field in fields(Variant)} - {"name"}
    _check_keys(row, keys, where)
    for key in sorted(keys - {"gpu_architectures", "architecture_driver_floors"}):
        if not (row[key] is None and key in OPTIONAL):
            _check_type(row[key], str, f"{where}.{key}")
    architectures, floors = row["gpu_architectures"], row["architecture_driver_floors"]
    _check_type(architectures, list, f"{where}.gpu_architectures")
    _check_type(floors, dict, f"{where}.architecture_driver_floors")
    for architecture in [*architectures, *floors]:
        parse_architecture(architecture, where)
    if architectures and not (row["cuda"] and row["driver_floor"]):
        raise DataFileError(
            f"{where}: has GPU architectures but no cuda or no driver_floor; both are needed."
        )
    return Variant(name=name, **{**row, "gpu_architectures": tuple(architectures)})


def parse_architecture(text: Any, where: str = "") -> tuple[int, int]:  # noqa: ANN401
    """Major and minor of a compute capability: "sm_86" -> (8, 6), "sm_120" -> (12, 0)."""
    digits = text[3:] if isinstance(text, str) and text.startswith("sm_") else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) > 1):
        raise DataFileError(
            f"{where}: architecture {text!r} found; accepted are names such as sm_86 or sm_120."
        )
    return int(digits[:-1]), int(digits[-1])


def _check_keys(data: Any, keys: set[str] | None, where: str) -> None:  # noqa: ANN401
    _check_type(data, dict, where)
    if keys is None:
        return
    missing, unknown = sorted(keys - set(data)), sorted(set(data) - keys)
    if missing or unknown:
        found = [f"lacks {', '.join(missing)}"] * bool(missing) + [
            f"has unknown {', '.join(unknown)}"
        ] * bool(unknown)
        raise DataFileError(f"{where}: {' and '.join(found)}. Accepted keys are {', '.join(sorted(keys))}.")


def _check_type(value: Any, kind: type, where: str) -> None:  # noqa: ANN401
    if not isinstance(value, kind):
        raise DataFileError(f"{where}: {value!r} found; accepted is a {kind.__name__}.")
