"""Which of the wanted ports are free, and which container holds a taken one."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.loose import as_str, parse
from launcher.plan import ON_THIS_MACHINE

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.plan import Plan

FORMAT = '{"name": {{json .Names}}, "ports": {{json .Ports}}, "labels": {{json .Labels}}}'
FOLDER_LABEL = "com.docker.compose.project.working_dir="


@dataclass(frozen=True)
class Port:
    """One wanted port; holder is the container that publishes it, ours whether it is of this checkout.

    error is why nobody could listen there, as errno numbers it.
    """

    service: str
    number: int
    free: bool
    holder: str | None = None
    ours: bool = False
    error: int = 0


def look(host: Host, plan: Plan, client: str | None) -> tuple[Port, ...]:
    """Each port of the plan; containers are asked about only where one is taken."""
    errors = {name: host.bind_error(_address(name, plan), number) for name, number in plan.ports.items()}
    taken = errno.EADDRINUSE in errors.values()
    containers = _containers(host, client) if taken and client is not None else []
    return tuple(
        _taken(name, number, containers, plan)
        if errors[name] == errno.EADDRINUSE
        else Port(name, number, not errors[name], error=errors[name])
        for name, number in plan.ports.items()
    )


def _address(service: str, plan: Plan) -> str:
    """What asks for no password stays on this machine whatever BIND says."""
    return "127.0.0.1" if service in ON_THIS_MACHINE else plan.bind


def _containers(host: Host, client: str) -> list[dict[str, str]]:
    answer = host.ask([client, "ps", "--no-trunc", "--format", FORMAT], 5)
    return [{key: as_str(value) for key, value in parse(line).items()} for line in answer.stdout.splitlines()]


def _taken(service: str, number: int, containers: list[dict[str, str]], plan: Plan) -> Port:
    """Ports read as "2222/tcp, 127.0.0.1:6006->6006/tcp"."""
    for row in containers:
        if re.search(rf":{number}->", row.get("ports", "")):
            folder = _folder(row.get("labels", ""))
            ours = bool(folder) and os.path.realpath(folder) == os.path.realpath(plan.checkout)
            holder = row.get("name") or "a container"
            return Port(service, number, free=False, holder=holder, ours=ours, error=errno.EADDRINUSE)
    return Port(service, number, free=False, error=errno.EADDRINUSE)


def _folder(labels: str) -> str:
    """The checkout that compose was called in, maybe through a link: "a=b,...working_dir=/x" -> "/x"."""
    found = (label for label in labels.split(",") if label.startswith(FOLDER_LABEL))
    return next(found, FOLDER_LABEL)[len(FOLDER_LABEL) :]
