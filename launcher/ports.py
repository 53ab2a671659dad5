"""Chooses the ports: the user's own, those of the last start, else the next free ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Optional, Set

from launcher.errors import RequestError
from launcher.plan import PORTS

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.settings import Settings

TRIES = 200


def choose(host: Host, settings: Settings, ours: Set[int]) -> Dict[str, int]:
    """A port for each service; `ours` are held by this checkout's own containers.

    RequestError for a port of the user's own that somebody else holds; it names the next free one.
    """
    chosen: Dict[str, int] = {}
    for service, default in PORTS.items():
        taken = set(chosen.values())
        asked = settings.port(service)
        bind = "127.0.0.1" if service == "tensorboard" else settings.plan.bind
        last = settings.decided.get(f"{service.upper()}_PORT", "")
        start = int(last) if last.isdigit() else default
        free = _next_free(host, bind, asked or start, ours, taken)
        if asked and free != asked:
            key = f"{service.upper()}_PORT"
            raise RequestError(
                f"{key}={asked}: another program holds this port. Free it, or take the next free one: {key}={free}"
            )
        if free is None:
            raise RequestError(f"no free port for {service} in {start} to {start + TRIES}; give {service.upper()}_PORT.")
        chosen[service] = free
    return chosen


def _next_free(host: Host, bind: str, start: int, ours: Set[int], taken: Set[int]) -> Optional[int]:
    for port in range(start, min(start + TRIES, 65536)):
        if port not in taken and (port in ours or host.can_bind(bind, port)):
            return port
    return None
