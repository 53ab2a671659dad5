"""Refuses what cannot work, in doctor's words: `make up` and `make doctor` never disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from launcher.checks import driver, engine, gpu, places, toolkit
from launcher.errors import HostNotReady
from launcher.facts import Facts
from launcher.findings import ERROR, Finding
from launcher.probes import files, system
from launcher.probes import toolkit as toolkit_probe
from launcher.variants import CPU

if TYPE_CHECKING:
    from collections.abc import Iterable

    from launcher.host import Host
    from launcher.plan import Plan
    from launcher.probes.engine import Engine
    from launcher.probes.nvidia import Nvidia
    from launcher.variants import Variant


def engine_findings(host: Host, plan: Plan, seen: Engine) -> list[Finding]:
    """What doctor says of the engine."""
    facts = Facts(plan, files.look(host, plan), system=system.look(host), engine=seen)
    return list(engine.check(facts))


def place_findings(host: Host, plan: Plan, seen: Engine) -> list[Finding]:
    """What doctor says of folders that SELinux would keep from the container."""
    facts = Facts(plan, files.look(host, plan), system=system.look(host), engine=seen)
    return list(places.check_labels(facts))


def driver_findings(host: Host, plan: Plan, nvidia: Nvidia) -> list[Finding]:
    """What doctor says of the driver; nothing where no GPU is wanted."""
    if plan.variant == CPU:
        return []
    facts = Facts(plan, files.look(host, plan), system=system.look(host), nvidia=nvidia)
    return list(driver.check(facts))


def gpu_findings(host: Host, plan: Plan, variant: Variant, seen: Engine, nvidia: Nvidia) -> list[Finding]:
    """What doctor says of handing the GPUs to this variant; nothing where it uses none."""
    if not variant.uses_gpu:
        return []
    facts = Facts(
        replace(plan, variant=variant.name),
        files.look(host, plan),
        system=system.look(host),
        engine=seen,
        nvidia=nvidia,
        toolkit=toolkit_probe.look(host),
    )
    return [*gpu.check(facts), *toolkit.check(facts)]


def refuse(findings: Iterable[Finding], remark: str = "") -> None:
    """HostNotReady with everything that must be mended first, and the commands for this host."""
    errors = [finding for finding in findings if finding.status == ERROR]
    if not errors:
        return
    raise HostNotReady("\n".join([*map(told, errors), *([remark] if remark else []), "Then: make up"]))


def told(one: Finding) -> str:
    """A finding as `make up` says it, with the commands that mend it."""
    return "\n".join([f"{one.found}: {one.causes}", *(f"    {line}" for line in one.mend)])
