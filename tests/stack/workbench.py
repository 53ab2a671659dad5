"""One checkout's running workbench, as `make status FORMAT=json` describes it, and the ways to act on it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.stack.programs import run, wait_until

if TYPE_CHECKING:
    import subprocess

CHECKOUT = Path(__file__).parents[2]
SERVICES = ("workbench", "tensorboard")
S6 = "/run/workbench/services"


@dataclass(frozen=True)
class Workbench:
    """Where everything of a running workbench is."""

    checkout: Path
    name: str
    image: str
    jupyter: str
    password_file: Path
    ssh_host: str
    ssh_port: int
    identity_file: Path
    tensorboard: str

    @property
    def password(self) -> str:
        return self.password_file.read_text().strip()

    @property
    def state(self) -> Path:
        return self.checkout / ".workbench"

    def launcher(self, *words: str, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """A verb by the launcher itself: make turns every exit code that is not 0 into 2."""
        return run([sys.executable, "-m", "launcher", *words], self.checkout, text, env)

    def make(self, *words: str, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return run(["make", *words], self.checkout, text, env)

    def docker(self, *words: str, text: str = "") -> str:
        """What the engine's client says; AssertionError where it fails."""
        ended = run(["docker", *words], self.checkout, text)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def compose(self, *words: str) -> str:
        return self.docker("compose", *words)

    def inside(self, *argv: str, service: str = "workbench") -> str:
        """What a command in the container says."""
        return self.compose("exec", "-T", service, *argv)

    def inspect(self, service: str) -> dict[str, Any]:
        found = json.loads(self.docker("inspect", self.container(service)))
        assert isinstance(found[0], dict)
        return found[0]

    def container(self, service: str) -> str:
        """The container's id."""
        return self.compose("ps", "--all", "--quiet", service).strip()

    def containers(self) -> set[str]:
        return {self.container(service) for service in SERVICES}

    def health(self, service: str) -> str:
        state = self.inspect(service)["State"]
        return str(state["Health"]["Status"] if state["Status"] == "running" else state["Status"])

    def healthy(self) -> bool:
        """One short question to the engine, as it is asked before every test."""
        filters = f"label=com.docker.compose.project={self.name}"
        listed = run(["docker", "ps", "--filter", filters, "--format", "{{.Status}}"], self.checkout)
        states = [line.endswith("(healthy)") for line in listed.stdout.splitlines()]
        return len(states) >= len(SERVICES) and all(states)

    def wait_until_healthy(self) -> None:
        wait_until(self.healthy, f"{self.name} is healthy", seconds=120)

    def pid(self, supervised: str) -> int:
        """Where a supervised program runs inside the container; 0 while it does not."""
        said = self.inside("s6-svstat", "-o", "up,pid", f"{S6}/{supervised}").split()
        return int(said[1]) if said[0] == "true" else 0


class NotUpError(Exception):
    """Nothing runs in this checkout."""


def find(checkout: Path) -> Workbench:
    """The checkout's workbench as `make status` tells; NotUpError where it tells that nothing runs."""
    ended = run(["make", "--silent", "status"], checkout, env={"FORMAT": "json"})
    if "Start it: make up" in ended.stderr:
        raise NotUpError(ended.stderr.strip())
    status = json.loads(ended.stdout)
    if "absent" in status["health"].values():
        raise NotUpError(f"{status['health']} found. Start it: make up")
    return Workbench(
        checkout=checkout,
        name=status["name"],
        image=status["image"],
        jupyter=root(status["jupyter"]["url"]),
        password_file=Path(status["jupyter"]["password_file"]),
        ssh_host=status["ssh"]["host"],
        ssh_port=status["ssh"]["port"],
        identity_file=Path(status["ssh"]["identity_file"]),
        tensorboard=root(status["tensorboard"]["url"]),
    )


def root(url: str) -> str:
    """The server's own address: http://127.0.0.1:8888/lab -> http://127.0.0.1:8888."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
