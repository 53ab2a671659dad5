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
from launcher.plan import DOCKER_HUB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from launcher.host import Host, Reach
    from launcher.plan import Plan

SECONDS = 5.0
PIP_SECONDS = 3.0
PIP_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


@dataclass(frozen=True)
class Network:
    """Answers by source: registry, index, apt, hub, wheels/NAME for each variant; unknown ones are absent."""

    answers: Mapping[str, Reach] = field(default_factory=dict)
    time: float = 0.0

    def ok(self, name: str) -> bool:
        """Whether a source answers; one whose address is not known counts as there."""
        return name not in self.answers or self.answers[name].ok


def look(host: Host, plan: Plan, mirrors: Sequence[str] = ()) -> Network:
    """Ask them all; `mirrors` are the engine's own, any of which will do for Docker Hub."""
    targets = {name: url for name, url in _targets(host, plan, mirrors) if url}
    route = Route(plan.proxies, plan.cafile, SECONDS)
    with ThreadPoolExecutor(max_workers=len(targets)) as pool:
        asked = {name: pool.submit(host.reach, url, route) for name, url in targets.items()}
        answers = {name: answer.result() for name, answer in asked.items()}
    found = next((answers[name] for name in answers if name.startswith("mirror/") and answers[name].ok), None)
    if found is not None:
        answers["registry"] = found
    kept = {name: answer for name, answer in answers.items() if not name.startswith("mirror/")}
    return Network(kept, host.now())


def sources(network: Network, plan: Plan, machine: str, local: frozenset[str] = frozenset()) -> Sources:
    """What choice.py needs to know of it; `local` names the variants whose base is already on this host."""
    return Sources(
        registry=network.ok("registry"),
        wheel_indexes=frozenset(name for name in plan.variants.rows if network.ok(f"wheels/{name}")),
        pypi=network.ok("index"),
        local=local,
        machine=machine,
    )


def _targets(host: Host, plan: Plan, mirrors: Sequence[str]) -> list[tuple[str, str | None]]:
    index = plan.index or _index(host)
    wheels = [(f"wheels/{name}", f"{row.wheel_index}/torch/") for name, row in plan.variants.rows.items()]
    used = mirrors if plan.registry == DOCKER_HUB else ()
    return [
        ("registry", registry_url(plan.registry)),
        *((f"mirror/{number}", registry_url(mirror)) for number, mirror in enumerate(used)),
        *wheels,
        ("index", f"{index.rstrip('/')}/torch/" if _is_http(index) else None),
        ("apt", plan.apt_mirror or _apt(host)),
        ("hub", plan.hub),
    ]


def registry_url(registry: str) -> str:
    """Where a registry says that it is there: "mirror.example/docker" -> "https://mirror.example/v2/"."""
    scheme, mark, rest = registry.rpartition("://")
    name = rest.split("/")[0]
    local = re.match(r"(localhost|127\.[\d.]+)(:\d+)?$", name)
    return f"{scheme if mark else 'http' if local else 'https'}://{name}/v2/"


def _index(host: Host) -> str:
    """The package index that pip on this host uses; empty where there is no pip to ask."""
    asked = host.ask([host.python, "-m", "pip", "config", "get", "global.index-url"], PIP_SECONDS)
    if asked.ok and _is_http(asked.stdout.strip()):
        return asked.stdout.strip()
    return host.ask([host.python, "-c", PIP_DEFAULT], PIP_SECONDS).stdout.strip()


def _apt(host: Host) -> str | None:
    """The first address in apt's lists; a host without apt has none."""
    folder = "/etc/apt/sources.list.d"
    lists = [f"{folder}/{name}" for name in host.list_dir(folder) if name.endswith((".list", ".sources"))]
    for path in ["/etc/apt/sources.list", *lists]:
        text = host.read_text(path) or ""
        found = re.search(r"^\s*(?:deb\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(https?://\S+)", text, re.MULTILINE)
        if found:
            return found.group(1)
    return None


def _is_http(text: str) -> bool:
    return re.fullmatch(r"https?://[^\s\[\]]+", text) is not None
