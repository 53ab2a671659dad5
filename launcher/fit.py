"""The rules: which build runs on which GPU and driver, and where its base can be had.

A GPU of compute capability X.Y runs kernels built for the same X and a minor number up to Y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.variants import Variant, Variants, parse_architecture
from launcher.versions import at_least, numbers

if TYPE_CHECKING:
    from launcher.probes.nvidia import Driver, Gpu

X86 = "x86_64"


@dataclass(frozen=True)
class Sources:
    """Where a base can be had: already here, from a registry, from a variant's wheel index, or from PyPI.

    wheel_indexes None means that every variant's index answers.
    """

    registry: bool = True
    wheel_indexes: frozenset[str] | None = None
    pypi: bool = True
    local: frozenset[str] = frozenset()
    machine: str = X86


def source_of(variant: Variant, variants: Variants, sources: Sources) -> str | None:
    """The best way to this variant's base: local, registry, wheels or pypi; None where there is none."""
    if variant.name in sources.local:
        return "local"
    if variant.uses_gpu and sources.machine != X86:
        return None
    if sources.registry and variant.base_image:
        return "registry"
    if sources.wheel_indexes is None or variant.name in sources.wheel_indexes:
        return "wheels"
    return "pypi" if sources.pypi and variants.from_pypi(variant) else None


def misfit(variant: Variant, gpu: Gpu, driver: Driver | None) -> str | None:
    """Why this variant cannot run on this GPU with this driver; None where it can."""
    architecture = architecture_for(variant, gpu)
    if architecture is None:
        return (
            f"{variant.name} has kernels for {variant.architecture_range}, and {gpu.label} runs none of them"
        )
    if driver is None or (driver.cuda is None and not numbers(driver.version)):
        return None
    special = variant.architecture_driver_floors.get(architecture)
    if _by_api(driver):
        cuda = _cuda_floor(variant, special=bool(special))
        met, need = (driver.cuda or ()) >= numbers(cuda), f"a driver for CUDA {cuda}"
    else:
        floor = special or variant.driver_floor or "0"
        met, need = at_least(driver.version, floor), f"driver {floor}"
    return None if met else f"{variant.name} on {gpu.label} needs {need} or newer, found {driver.label}"


def architecture_for(variant: Variant, gpu: Gpu) -> str | None:
    """The build's kernels that this GPU runs: same major, the highest minor that is not above its own."""
    major, minor = gpu.capability
    runnable = [
        (parsed, name)
        for name in variant.gpu_architectures
        for parsed in [parse_architecture(name)]
        if parsed[0] == major and parsed[1] <= minor
    ]
    return max(runnable)[1] if runnable else None


def _by_api(driver: Driver) -> bool:
    """WSL2 shows Windows' driver number, for which the Linux floors mean nothing: its CUDA version counts."""
    return driver.cuda is not None and (driver.wsl or not numbers(driver.version))


def _cuda_floor(variant: Variant, *, special: bool) -> str:
    """A driver for any CUDA of the same major will do, except for an architecture that came later."""
    cuda = variant.cuda or "0"
    return cuda if special else f"{numbers(cuda)[0]}.0"
