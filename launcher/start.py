"""Starts the services and waits until they are healthy."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from launcher import access
from launcher.docker import PROJECT, Docker, health
from launcher.errors import RequestError, WorkbenchError
from launcher.loose import as_dict, as_list

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.settings import Settings
    from launcher.state import State

SERVICES = ("workbench", "tensorboard")
SERVE = "serve"  # runs only where `make serve` was asked for
HOLDERS = {"jupyter": "workbench", "ssh": "workbench", "tensorboard": "tensorboard", "serve": SERVE}
HEALTHY_SECONDS = 120.0
POLL_SECONDS = 0.5
RESTARTS = 3
LOG_LINES = "30"


@dataclass(frozen=True)
class Start:
    """Everything that the steps share."""

    docker: Docker
    console: Console
    settings: Settings
    state: State

    def run(self, before: dict[str, dict[str, Any]]) -> None:
        """Start what is not running, wait, and print the way in; `before` are the containers as they were."""
        healthy = {name: one["Id"] for name, one in before.items() if health(one) == "healthy"}
        answer = self.docker.project("up", "--detach", "--remove-orphans")
        self.console.note(answer.output)
        answer.check()
        now = self.docker.containers()
        same = bool(now) and all(healthy.get(name) == one["Id"] for name, one in now.items())
        if same:
            self.console.say("Already up; nothing changed.")
        else:
            now = self._wait()
        access.remember_host_key(self.docker, self.settings, self.state, now["workbench"]["Id"])
        self.console.say(access.welcome(self.settings, self.state))

    def _wait(self) -> dict[str, dict[str, Any]]:
        deadline = time.monotonic() + HEALTHY_SECONDS
        with self.console.step("Waiting for Jupyter, sshd and TensorBoard", "5 to 15 s"):
            while True:
                found = self.docker.containers()
                states = {name: health(found.get(name)) for name in SERVICES}
                if set(states.values()) == {"healthy"}:
                    return found
                self.console.progress(", ".join(f"{name} {state}" for name, state in states.items()))
                if time.monotonic() > deadline or any(_given_up(found.get(name) or {}) for name in SERVICES):
                    raise WorkbenchError(self._why_not(states))
                time.sleep(POLL_SECONDS)

    def _why_not(self, states: dict[str, str]) -> str:
        bad = [name for name, state in states.items() if state != "healthy"]
        logs = self.docker.project("logs", "--no-color", "--tail", LOG_LINES, *bad)
        said = ", ".join(f"{name} is {state}" for name, state in states.items())
        return f"{said}. The last lines of their logs:\n{logs.output}"


def _given_up(container: dict[str, Any]) -> bool:
    """Ended, or started again and again."""
    return health(container) in {"exited", "dead"} or container.get("RestartCount", 0) >= RESTARTS


def held(containers: dict[str, dict[str, Any]]) -> dict[str, frozenset[int]]:
    """The ports that each service's own container holds: {"ssh": {8888, 2222}, ...}."""
    return {port: published(containers.get(name, {})) for port, name in HOLDERS.items()}


def published(container: dict[str, Any]) -> frozenset[int]:
    """Host ports that a container holds; none where it does not run."""
    if health(container) in {"absent", "exited", "created", "dead"}:
        return frozenset()
    return frozenset(
        int(binding["HostPort"])
        for bindings in as_dict(as_dict(container.get("NetworkSettings")).get("Ports")).values()
        for binding in as_list(bindings)
    )


def refuse_foreign(docker: Docker, settings: Settings) -> None:
    """RequestError where another checkout uses the same NAME, or this one still runs under another."""
    last = settings.decided.get("WORKBENCH_NAME", settings.name)
    form = f'{{{{.Label "{PROJECT}"}}}}\t{{{{.Label "{PROJECT}.working_dir"}}}}'
    listed = docker.run("ps", "--all", "--filter", f"label={PROJECT}", "--format", form)
    for name, _, folder in (line.partition("\t") for line in listed.splitlines()):
        here = bool(folder) and os.path.realpath(folder) == os.path.realpath(docker.checkout)
        if name == settings.name and folder and not here:
            raise RequestError(
                f"NAME={name}: {folder} on this host uses it already. Give another NAME. "
                "If this checkout was moved from there: make down, then make up."
            )
        if name == last != settings.name and here:
            raise RequestError(
                f"NAME={settings.name}: this checkout still runs as {last}. Stop that first: make down. "
                "Its volumes keep that name."
            )
