"""Everything that the probes see, gathered once and in parallel, for `make up` and `make doctor` alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher import base
from launcher.docker import Docker
from launcher.errors import WorkbenchError
from launcher.probes import engine, files, network, nvidia, ports, resources, system, toolkit

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.plan import Plan


@dataclass(frozen=True)
class Facts:
    """One host as seen for one plan; bases are the variants whose base is here already."""

    plan: Plan
    files: files.Files
    system: system.System = field(default_factory=system.System)
    engine: engine.Engine = field(default_factory=engine.Engine)
    nvidia: nvidia.Nvidia = field(default_factory=nvidia.Nvidia)
    toolkit: toolkit.Toolkit = field(default_factory=toolkit.Toolkit)
    resources: resources.Resources = field(default_factory=resources.Resources)
    network: network.Network = field(default_factory=network.Network)
    ports: tuple[ports.Port, ...] = ()
    bases: frozenset[str] = frozenset()


def gather(host: Host, plan: Plan) -> Facts:
    """Look at everything; the engine first, because disk, ports and registry depend on what it says."""
    seen = system.look(host)
    with ThreadPoolExecutor(max_workers=8) as pool:
        gpu = pool.submit(nvidia.look, host, wsl=seen.wsl > 0, wanted=plan.gpus)
        tools = pool.submit(toolkit.look, host)
        engine_seen = engine.look(host)
        server = engine_seen.server
        local = server is not None and not server.desktop and not engine_seen.remote
        root = server.image_dir if server is not None and local else None
        net = pool.submit(network.look, host, plan, server)
        answers = pool.submit(ports.look, host, plan, engine_seen.client if server else None)
        room = pool.submit(resources.look, host, plan.checkout, root)
        return Facts(
            plan=plan,
            files=files.look(host, plan),
            system=seen,
            engine=engine_seen,
            nvidia=gpu.result(),
            toolkit=tools.result(),
            resources=room.result(),
            network=net.result(),
            ports=answers.result(),
            bases=_bases(host, plan, engine_seen),
        )


def _bases(host: Host, plan: Plan, seen: engine.Engine) -> frozenset[str]:
    if seen.server is None or seen.client is None:
        return frozenset()
    try:
        return frozenset(base.known(Docker(host, seen.client, plan.checkout, ""), plan.variants))
    except WorkbenchError:
        return frozenset()
