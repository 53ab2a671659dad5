"""`make doctor`: looks at the bare host and says what is wrong, what it will cause and what mends it.

Changes nothing, needs no root, pulls nothing.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

from launcher import render
from launcher.checks import driver, engine, gpu, network, places, proxy, resources, toolkit
from launcher.facts import Facts, gather
from launcher.findings import Finding, exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from launcher.host import Host
    from launcher.plan import Plan

CHECKS: list[Callable[[Facts], Iterator[Finding]]] = [
    places.check_system,
    engine.check,
    driver.check,
    gpu.check,
    toolkit.check,
    resources.check,
    places.check_ports,
    places.check_files,
    proxy.check,
    network.check,
]


def judge(facts: Facts) -> list[Finding]:
    """Every finding about these facts, in the order in which a person would look."""
    return [finding for check in CHECKS for finding in check(facts)]


def examine(host: Host, plan: Plan) -> list[Finding]:
    """Look, then judge."""
    return judge(gather(host, plan))


def main(host: Host, plan: Plan, format_: str = "text", out: IO[str] = sys.stdout) -> int:
    """Print the findings as text or json; 2 where something must be mended before `make up` can work."""
    findings = examine(host, plan)
    if format_ == "json":
        text = render.as_json(findings)
    else:
        text = render.as_text(findings, render.style_of(out, host.environ))
    out.write(render.writable(text, out))
    return exit_code(findings)
