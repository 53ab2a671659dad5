"""Which of the wanted ports are free, and which container holds a taken one."""

from __future__ import annotations

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
    """One wanted port; holder is the container that publishes it, ours whether it is of this checkout."""

    service: str
    number: int
    free: bool
    holder: str | None = None
    ours: bool = False


def look(host: Host, plan: Plan, client: str | None) -> tuple[Port, ...]:
    """Each port of the plan; containers are asked about only where one is taken."""
    free = {name: host.can_bind(_address(name, plan), number) for name, number in plan.ports.items()}
    containers = [] if all(free.values()) or client is None else _containers(host, client)
    return tuple(
        Port(name, number, free[name]) if free[name] else _taken(name, number, containers, plan)
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
            return Port(service, number, free=False, holder=row.get("name") or "a container", ours=ours)
    return Port(service, number, free=False)


def _folder(labels: str) -> str:
    """The checkout that compose was called in, maybe through a link: "a=b,...working_dir=/x" -> "/x"."""
    found = (label for label in labels.split(",") if label.startswith(FOLDER_LABEL))
    return next(found, FOLDER_LABEL)[len(FOLDER_LABEL) :]
