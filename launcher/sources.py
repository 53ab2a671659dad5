"""Asks, all at once and within seconds, where a base can be had: a registry, the wheel indexes, PyPI."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, List

from launcher.fit import Sources
from launcher.host import Route

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.settings import Settings

SECONDS = 6.0
PIP_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def registry_urls(registry: str) -> List[str]:
    """Where a registry says that it is there; on loopback the engine speaks plain HTTP too."""
    host = registry.split("/")[0]
    schemes = ["https", "http"] if host.rsplit(":", 1)[0] in LOOPBACK else ["https"]
    return [f"{scheme}://{host}/v2/" for scheme in schemes]


def pypi_url(host: Host, settings: Settings) -> str:
    """The index that pip would ask: the user's, else pip's own default."""
    configured = host.ask([host.python, "-m", "pip", "config", "get", "global.index-url"]).stdout.strip()
    return settings.plan.index or configured or host.ask([host.python, "-c", PIP_DEFAULT]).stdout.strip()


def look(host: Host, settings: Settings, local: frozenset[str]) -> Sources:
    """Which sources answer now; never later than a few seconds."""
    plan = settings.plan
    route = Route(plan.proxies, plan.cafile, SECONDS)
    mirror = settings.get("TORCH_INDEX")
    indexes = {row.name: mirror or row.wheel_index for row in plan.variants.rows.values()}
    urls = {*registry_urls(plan.registry), *indexes.values(), pypi_url(host, settings)} - {""}
    with ThreadPoolExecutor(len(urls)) as pool:
        answers = dict(zip(urls, pool.map(lambda url: host.reach(url.rstrip("/") + "/", route), urls)))
    build = settings.get("BASE", "auto")
    return Sources(
        registry=build != "build" and any(answers[url].ok for url in registry_urls(plan.registry)),
        wheel_indexes=frozenset(name for name, url in indexes.items() if build != "pull" and answers[url].ok),
        pypi=build != "pull" and any(answers[url].ok for url in [pypi_url(host, settings)] if url in answers),
        local=local,
        machine=host.machine,
    )


def nowhere(local: frozenset[str], host: Host) -> Sources:
    """The network is not asked: only what is on this machine counts."""
    return Sources(registry=False, wheel_indexes=frozenset(), pypi=False, local=local, machine=host.machine)
