"""Findings about the GPUs themselves: does a variant run on them, and are they free to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.checks.driver import ON_CPU, severity
from launcher.choice import choose
from launcher.errors import WorkbenchError
from launcher.findings import ERROR, Finding, error, finding, info, ok, warning
from launcher.fit import architecture_for, misfit
from launcher.mends import install_driver
from launcher.probes.network import sources
from launcher.variants import AUTO, CPU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts
    from launcher.probes.nvidia import Gpu
    from launcher.variants import Variant

EXCLUSIVE, PROHIBITED = 3, 2
SMALL = 4 << 30


def check(facts: Facts) -> Iterator[Finding]:
    """Each GPU, then the variant that follows."""
    for gpu in facts.nvidia.gpus:
        yield from _fit(gpu, facts)
        yield from _usable(gpu, facts)
    if facts.nvidia.mig and facts.nvidia.gpus:
        yield warning(
            "gpu-mig",
            f"MIG is on for {facts.nvidia.mig} GPU(s)",
            "a process sees one slice, whatever its number: training over several GPUs does not work",
            [f"{facts.system.sudo}nvidia-smi -mig 0  # with no process on the GPU"],
        )
    yield variant(facts)


def _rows(facts: Facts) -> list[Variant]:
    """The variants in question: the one asked for, or all that use a GPU."""
    plan = facts.plan
    if plan.variant == AUTO:
        return plan.variants.preferred
    row = plan.variants.rows.get(plan.variant)
    return [row] if row and row.uses_gpu else []


def _fit(gpu: Gpu, facts: Facts) -> Iterator[Finding]:
    driver, rows = facts.nvidia.driver, _rows(facts)
    found = [why for why in (misfit(row, gpu, driver) for row in rows) if why]
    if len(found) < len(rows) or not rows:
        return
    known = [row for row in rows if architecture_for(row, gpu)]
    if known:
        why = misfit(known[0], gpu, driver) or ""
        yield finding("driver-too-old", severity(facts), why, ON_CPU, install_driver(facts.system))
        return
    others = [row.name for row in facts.plan.variants.preferred if misfit(row, gpu, driver) is None]
    mend = tuple(f"make up VARIANT={name}" for name in [*others[:1], CPU])
    causes = f"'no kernel image is available for execution on the device', or {ON_CPU}"
    yield finding("gpu-architecture", severity(facts), found[0], causes, mend)


def _usable(gpu: Gpu, facts: Facts) -> Iterator[Finding]:
    reset = [f"{facts.system.sudo}nvidia-smi -i {gpu.index} -c DEFAULT"]
    if gpu.compute_mode == PROHIBITED:
        causes = "CUDA refuses every process: 'all CUDA-capable devices are busy or unavailable'"
        yield error("gpu-prohibited", f"{gpu.label} is in compute mode 'prohibited'", causes, reset)
    if gpu.compute_mode == EXCLUSIVE:
        causes = "one process at a time: a notebook that holds the GPU stops `make train`"
        yield warning("gpu-exclusive", f"{gpu.label} is in compute mode 'exclusive process'", causes, reset)
    if 0 < gpu.memory < SMALL:
        causes = "BERT-base fine-tunes with small batches only; 'CUDA out of memory' otherwise"
        found = f"{gpu.label} has {gpu.memory / 2**30:.1f} GiB of memory"
        yield warning("gpu-memory", found, causes, ["# take small batches, or a smaller encoder"])


def variant(facts: Facts) -> Finding:
    """What `make up` would take, with its reason, or the refusal."""
    plan, seen = facts.plan, facts.nvidia
    try:
        have = sources(facts.network, plan, facts.system.machine, facts.bases)
        choice = choose(plan.variant, plan.variants, seen.gpus, seen.driver, have)
    except WorkbenchError as refusal:
        return finding("variant", ERROR, str(refusal), "`make up` refuses to start", _instead(facts))
    found = f"{choice.variant.name}: {choice.reason}"
    if choice.source == "pypi":
        return info(
            "variant", found, "no registry or wheel index: the base is built here, from PyPI's wheels"
        )
    return ok("variant", found)


def _instead(facts: Facts) -> list[str]:
    if facts.plan.variant != AUTO:
        return ["make up VARIANT=auto"]
    if len(facts.nvidia.gpus) > 1:
        return ["make up GPUS=0", "make up VARIANT=cpu"]
    return ["make up REGISTRY=mirror.example", "make up PYPI_INDEX=https://mirror.example/simple"]
