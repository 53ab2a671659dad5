"""Which sources answer: registry, PyTorch's wheel indexes, the package index, apt's mirror, the model hub.

Every address is asked at the same time; the slowest one takes as long as the deadline, not longer.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher.fit import Sources
from launcher.host import Route
from launcher.plan import DOCKER_HUB, proxies_of
from launcher.probes import apt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from launcher.host import Host, Reach
    from launcher.plan import Plan
    from launcher.probes.engine import Server

SECONDS = 5.0
PIP_SECONDS = 3.0
HIDDEN = "//xxxxx:xxxxx@"  # how `docker info` shows a proxy's user and password
PIP_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


@dataclass(frozen=True)
class Network:
    """Answers by source: registry, index, apt, hub, wheels/NAME for each variant; unknown ones are absent."""

    answers: Mapping[str, Reach] = field(default_factory=dict)
    time: float = 0.0

    def ok(self, name: str) -> bool:
        """Whether a source answers; one whose address is not known counts as there."""
        return name not in self.answers or self.answers[name].ok


def look(host: Host, plan: Plan, server: Server | None = None, *, bases_only: bool = False) -> Network:
    """Ask them all; of the engine's own mirrors any will do for Docker Hub.

    bases_only leaves out what decides nothing about the base: apt and the hub.
    """
    pulling = _engines_proxies(plan, server)
    targets = {name: url for name, url in _targets(host, plan) if url}
    if pulling is not None:
        targets.update(_registries(plan, server.mirrors if server else ()))
    if bases_only:
        targets = {name: url for name, url in targets.items() if name not in {"apt", "hub"}}
    with ThreadPoolExecutor(max_workers=len(targets)) as pool:
        asked = {}
        for name, url in targets.items():
            pulled = name == "registry" or name.startswith("mirror/")
            route = Route((pulling or {}) if pulled else plan.proxies, plan.cafile, SECONDS)
            asked[name] = pool.submit(host.reach, url, route)
        answers = {name: answer.result() for name, answer in asked.items()}
    found = next((answers[name] for name in answers if name.startswith("mirror/") and answers[name].ok), None)
    if found is not None:
        answers["registry"] = found
    kept = {name: answer for name, answer in answers.items() if not name.startswith("mirror/")}
    return Network(kept, host.now())


def sources(network: Network, plan: Plan, machine: str, local: frozenset[str] = frozenset()) -> Sources:
    """What choice.py needs to know of it; `local` names the variants whose base is already on this host."""
    pull, build = plan.base != "build", plan.base != "pull"
    return Sources(
        registry=pull and network.ok("registry"),
        wheel_indexes=frozenset(
            name for name in plan.variants.rows if build and network.ok(f"wheels/{name}")
        ),
        pypi=build and network.ok("index"),
        local=local,
        machine=machine,
    )


def _engines_proxies(plan: Plan, server: Server | None) -> Mapping[str, str] | None:
    """Those that a pull goes through; None where the engine hides their password, so that nobody can ask.

    Docker Desktop names one that only its virtual machine sees; it takes over this host's.
    """
    if server is None or server.desktop:
        return plan.proxies
    if HIDDEN in server.http_proxy + server.https_proxy:
        return None
    exceptions = ",".join(name for name in (server.no_proxy, "localhost", "127.0.0.1") if name)
    named = {"http_proxy": server.http_proxy, "https_proxy": server.https_proxy, "no_proxy": exceptions}
    return proxies_of(named)


def _registries(plan: Plan, mirrors: Sequence[str]) -> dict[str, str]:
    """What the engine may pull from."""
    used = mirrors if plan.registry == DOCKER_HUB else ()
    found = {f"mirror/{number}": registry_url(mirror) for number, mirror in enumerate(used)}
    return {"registry": registry_url(plan.registry), **found}


def _targets(host: Host, plan: Plan) -> list[tuple[str, str | None]]:
    index = plan.index or _default_index(host)
    indexes = {name: plan.torch_index or row.wheel_index for name, row in plan.variants.rows.items()}
    wheels = [(f"wheels/{name}", f"{url.rstrip('/')}/torch/") for name, url in indexes.items()]
    return [
        *wheels,
        ("index", f"{index.rstrip('/')}/torch/" if _is_http(index) else None),
        ("apt", _debian(plan.apt_mirror) if plan.apt_mirror else _apt(host)),
        ("hub", plan.hub),
    ]


def registry_url(registry: str) -> str:
    """Where a registry says that it is there: "mirror.example/docker" -> "https://mirror.example/v2/"."""
    scheme, mark, rest = registry.rpartition("://")
    name = rest.split("/")[0]
    local = re.match(r"(localhost|127\.[\d.]+)(:\d+)?$", name)
    return f"{scheme if mark else 'http' if local else 'https'}://{name}/v2/"


def _default_index(host: Host) -> str:
    """The package index that pip takes where none is set; empty where there is no pip to ask."""
    return host.ask([host.python, "-c", PIP_DEFAULT], PIP_SECONDS).stdout.strip()


def _debian(mirror: str) -> str:
    """APT_MIRROR is the folder that holds debian/."""
    return f"{mirror.rstrip('/')}/debian/dists/stable/InRelease"


def _apt(host: Host) -> str | None:
    """The release file of the first archive that apt's lists name."""
    found = next((one for one in apt.look(host) if _is_http(one.address)), None)
    return f"{found.address}/dists/{found.suite}/InRelease" if found else None


def _is_http(text: str) -> bool:
    return re.fullmatch(r"https?://[^\s\[\]]+", text) is not None
