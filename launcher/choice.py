"""Chooses the variant for a host and says why in one line, or refuses and names the one that can work.

Pure: GPUs, driver and sources come in as facts; nothing is looked up here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.errors import HostNotReady, RequestError
from launcher.fit import X86, Sources, misfit, source_of
from launcher.variants import AUTO, CPU, Variant, Variants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from launcher.probes.nvidia import Driver, Gpu


@dataclass(frozen=True)
class Choice:
    """The variant, why it was taken, and where its base comes from: local, registry, wheels or pypi."""

    variant: Variant
    reason: str
    source: str


@dataclass(frozen=True)
class _Case:
    variants: Variants
    gpus: Sequence[Gpu]
    driver: Driver | None
    sources: Sources

    def misfits(self, variant: Variant) -> list[str]:
        """Why this variant cannot run on some of the GPUs; empty where it runs on all."""
        found = [misfit(variant, gpu, self.driver) for gpu in self.gpus]
        return sorted({why for why in found if why})

    def fits(self, variant: Variant) -> bool:
        return variant.name == CPU or (bool(self.gpus) and not self.misfits(variant))

    def source(self, variant: Variant) -> str | None:
        return source_of(variant, self.variants, self.sources)

    def workable(self) -> list[Variant]:
        """What fits and can be had, in the order of preference, cpu last."""
        rows = [*self.variants.preferred, self.variants.rows[CPU]]
        return [row for row in rows if self.fits(row) and self.source(row)]


def choose(
    requested: str, variants: Variants, gpus: Sequence[Gpu], driver: Driver | None, sources: Sources
) -> Choice:
    """The variant for these GPUs; RequestError or HostNotReady names what can work instead."""
    case = _Case(variants, gpus, driver, sources)
    if requested == AUTO:
        return _automatic(case)
    variant = variants.rows[requested]
    if not case.fits(variant):
        raise RequestError(f"VARIANT={variant.name}: {_why_not(case, variant)} {_advice(case)}")
    source = case.source(variant)
    if source is None:
        raise HostNotReady(f"VARIANT={variant.name}: {_unobtainable(variant, case)} {_advice(case)}")
    return Choice(variant, _asked_for(variant, gpus), source)


def _automatic(case: _Case) -> Choice:
    fitting = [row for row in case.variants.preferred if case.fits(row)]
    if not fitting and any(_fitting_names(case, gpu) for gpu in case.gpus):
        raise RequestError(f"no variant runs on all GPUs: {_table(case)}. {_hide_some()}")
    workable = case.workable()
    if not workable:
        raise HostNotReady(
            f"no base can be had for any variant: {_ways(case.variants.rows[case.variants.default], case)}."
        )
    taken = workable[0]
    return Choice(taken, _reason(case, taken, fitting), case.source(taken) or "")


def _reason(case: _Case, taken: Variant, fitting: list[Variant]) -> str:
    if not case.gpus:
        return "no NVIDIA GPU that the driver can use was found"
    default = case.variants.rows[case.variants.default]
    gpus, driver = _kinds(case.gpus), _driver_label(case.driver)
    if taken == default:
        return f"{gpus} with {driver} runs it, and it is the default"
    if not fitting:
        return f"{gpus} with {driver} runs no GPU variant: {_first_misfit(case)}"
    first = fitting[0]
    if taken != first:
        return f"{gpus} would take {first.name}, but {_unobtainable(first, case)}"
    return f"{gpus} with {driver} does not run {default.name}: {case.misfits(default)[0]}"


def _first_misfit(case: _Case) -> str:
    """The misfit that is easiest to mend: an old driver is named before an old GPU."""
    found = [case.misfits(row)[0] for row in case.variants.preferred]
    return min(found, key=lambda why: "driver" not in why)


def _asked_for(variant: Variant, gpus: Sequence[Gpu]) -> str:
    unused = f"; {_kinds(gpus)} stays unused" if gpus and not variant.uses_gpu else ""
    return f"asked for with VARIANT={variant.name}{unused}"


def _why_not(case: _Case, variant: Variant) -> str:
    if not case.gpus:
        return "needs a GPU, and none that the driver can use was found."
    return "; ".join(case.misfits(variant)) + "."


def _advice(case: _Case) -> str:
    workable = [row.name for row in case.workable()]
    if workable[:1] == [CPU] and len(case.gpus) > 1 and any(_fitting_names(case, gpu) for gpu in case.gpus):
        return f"On this host: {_table(case)}. {_hide_some()}"
    if not workable:
        return "No other variant can be had here either: see `make doctor`."
    return f"What can work here: VARIANT={' or VARIANT='.join(workable)}."


def _hide_some() -> str:
    return "Leave one kind visible, for example with GPUS=0, or take VARIANT=cpu."


def _table(case: _Case) -> str:
    rows = [f"{gpu.label} fits {_fitting_names(case, gpu) or 'cpu only'}" for gpu in case.gpus]
    return "; ".join(rows)


def _fitting_names(case: _Case, gpu: Gpu) -> str:
    rows = case.variants.preferred
    return ", ".join(row.name for row in rows if misfit(row, gpu, case.driver) is None)


def _unobtainable(variant: Variant, case: _Case) -> str:
    if case.sources.machine != X86 and variant.uses_gpu:
        return f"its base exists for {X86} only, and this host is {case.sources.machine}."
    return f"its base cannot be had: {_ways(variant, case)}."


def _ways(variant: Variant, case: _Case) -> str:
    """Every way to a base, and why it is closed."""
    ways = ["no registry answers"] if variant.base_image else []
    ways.append(f"{variant.wheel_index} does not answer")
    ways += [f"PyPI carries only {case.variants.pypi_build}" if case.sources.pypi else "PyPI does not answer"]
    return ", ".join(ways)


def _kinds(gpus: Sequence[Gpu]) -> str:
    """Equal GPUs counted: "8 x NVIDIA A100-SXM4-80GB (sm_80)"."""
    counts: dict[str, int] = {}
    for gpu in gpus:
        kind = f"{gpu.name} ({gpu.architecture})"
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} x {kind}" if count > 1 else kind for kind, count in counts.items())


def _driver_label(driver: Driver | None) -> str:
    return driver.label if driver else "an unknown driver"
