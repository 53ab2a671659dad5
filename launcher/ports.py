"""Chooses the ports: the user's own, those of the last start, else the next free ones."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.errors import RequestError
from launcher.plan import ON_THIS_MACHINE, PORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.host import Host
    from launcher.settings import Settings

TRIES = 200
HIGHEST = 65535


@dataclass(frozen=True)
class _Search:
    """`ours` are held by the service's own container, so they are free for it."""

    host: Host
    bind: str
    ours: frozenset[int]

    def first(self, start: int, taken: set[int]) -> int | None:
        """The first port from `start` on that can be had."""
        for port in range(start, min(start + TRIES, HIGHEST + 1)):
            if port not in taken and (port in self.ours or self.host.can_bind(self.bind, port)):
                return port
        return None


def check_bind(host: Host, bind: str) -> None:
    """RequestError where BIND is no address of this machine."""
    if host.bind_error(bind, 0) == errno.EADDRNOTAVAIL:
        raise RequestError(
            f"BIND={bind}: no address of this machine. Accepted are 127.0.0.1, 0.0.0.0 (all of them) and"
            " those that `hostname -I` prints."
        )


def choose(host: Host, settings: Settings, ours: Mapping[str, frozenset[int]]) -> dict[str, int]:
    """A port for each service, by its name in .env: {"JUPYTER_PORT": 8888, ...}.

    RequestError for a port of the user's own that somebody else holds; it names the next free one.
    """
    asked = {service: settings.port(service) for service in PORTS}
    chosen: dict[str, int] = {}
    for service, default in PORTS.items():
        key = f"{service.upper()}_PORT"
        bind = "127.0.0.1" if service in ON_THIS_MACHINE else settings.plan.bind
        search = _Search(host, bind, ours.get(service, frozenset()))
        theirs = {port for other, port in asked.items() if port and other != service}
        start = asked[service] or settings.last_port(service) or default
        chosen[key] = _one(search, key, start, theirs | set(chosen.values()), fixed=bool(asked[service]))
    return chosen


def _one(search: _Search, key: str, start: int, taken: set[int], *, fixed: bool) -> int:
    free = search.first(start, taken)
    if free is None:
        raise RequestError(f"{key}: no port is free from {start} on. Name one that is: {key}=PORT")
    if fixed and free != start:
        holder = "another service of the workbench has" if start in taken else "another program holds"
        raise RequestError(
            f"{key}={start}: {holder} this port. Free it, or take the next free one: {key}={free}"
        )
    return free
