"""The everyday verbs, once the workbench is up: down, clean, password, ssh, ssh-config, shell, logs."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher import access, credentials, dotenv, install, sshconfig, workspace
from launcher.console import follow
from launcher.docker import Docker, health
from launcher.errors import HostNotReady, RequestError
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from launcher.console import Console
    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

RESTART_JUPYTER = """s6-svc -wr -T 20000 -r /run/workbench/services/jupyter
until workbench-health; do sleep 0.2; done >/dev/null 2>&1"""


@dataclass(frozen=True)
class Verbs:
    """Each method that returns a number is one verb, and the number its exit code."""

    host: Host
    settings: Settings
    state: State
    console: Console

    @property
    def decided(self) -> Mapping[str, str]:
        """What the last `make up` decided."""
        return self.settings.decided

    def docker(self) -> Docker:
        """The engine behind this checkout's workbench; nothing is installed or started."""
        if "WORKBENCH_IMAGE" not in self.decided:
            raise HostNotReady("this checkout has no workbench yet. Start it: make up")
        engine = install.find(self.host, self.settings)
        name = self.decided["WORKBENCH_NAME"]
        return Docker(self.host, engine.client or "docker", self.state.checkout, name)

    def running(self) -> tuple[Docker, str]:
        """The engine, and the id of the container, which must run."""
        docker = self.docker()
        found = docker.containers().get("workbench")
        if found is None or health(found) not in {"starting", "healthy", "unhealthy", "running"}:
            raise HostNotReady(f"the workbench is not running ({health(found)}). Start it: make up")
        return docker, str(found["Id"])

    def down(self) -> int:
        """Stop the services; data, volumes and image stay."""
        docker = self.docker()
        with self.console.step("Stopping", "up to 10 s"):
            self._compose_down(docker)
        self.console.say("Stopped. workspace/, your packages, caches and the image are kept. Again: make up")
        return 0

    def clean(self) -> int:
        """Delete containers, volumes and image of this checkout, after asking; never workspace/."""
        docker = self.docker()
        self.console.say(
            f"This deletes, for {self.decided['WORKBENCH_NAME']} only:\n"
            "  its containers and network\n"
            "  the volume `home`: packages that you installed, settings, shell history\n"
            "  the volume `cache`: downloaded models and packages\n"
            f"  the image {self.decided['WORKBENCH_IMAGE']}\n"
            "  .workbench/: Jupyter's password, the SSH key, logs\n"
            "workspace/, notebooks/, scripts/ and your lines in .env stay."
        )
        if self.settings.get("YES") != "1" and _ask("Type yes to go on: ") != "yes":
            self.console.say("Nothing was deleted.")
            return 1
        with self.console.step("Deleting"):
            self._compose_down(docker, "--volumes")
            docker.ask("image", "rm", self.decided["WORKBENCH_IMAGE"])
        dotenv.write(self.state.checkout / ".env", {})
        self.state.delete()
        self.console.say("Deleted.")
        return 0

    def _compose_down(self, docker: Docker, *options: str) -> None:
        argv = docker.compose("--profile", "*", "down", "--remove-orphans", *options)
        follow(self.host, self.console, Work(argv, cwd=self.state.checkout))

    def password(self) -> int:
        """Set Jupyter's password: asked for twice on a terminal, else one line of standard input."""
        docker, container = self.running()
        self.console.say("Jupyter starts anew with it: what runs in its notebooks and terminals ends.")
        credentials.set_password(docker, self.state, self.decided["WORKBENCH_IMAGE"], _new_password())
        workspace.hand_over(self.host, self.state)
        with self.console.step("Starting Jupyter anew", "5 to 10 s"):
            docker.run("exec", container, "bash", "-c", RESTART_JUPYTER)
        place = self.state.password.relative_to(self.state.checkout)
        self.console.say(f"Set. The password is kept for you alone in {place}")
        return 0

    def ssh(self, command: Sequence[str]) -> int:
        """A login shell over SSH, or one command."""
        self.running()
        config = access.write_ssh_config(self.settings, self.state)
        return _become(["ssh", "-F", str(config), self.settings.name, *command])

    def ssh_config(self) -> int:
        """One Host block in ~/.ssh/config, for ssh, scp, rsync and VS Code."""
        self.running()
        name = self.settings.name
        block = access.block(self.settings, self.state)
        path, changed = sshconfig.write(self.host.home / ".ssh" / "config", block)
        self.console.say(f"{path}: Host {name} {'written' if changed else 'is up to date'}. Try: ssh {name}")
        return 0

    def shell(self, command: Sequence[str]) -> int:
        """A shell, or one command, through the engine."""
        docker, _ = self.running()
        terminal = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["-T"]
        return _become(docker.compose("exec", *terminal, "workbench", *(command or ["bash", "--login"])))

    def logs(self) -> int:
        """Follow what the services say."""
        docker, _ = self.running()
        return _become(docker.compose("logs", "--follow", "--tail", "100"))


def _new_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"New password ({credentials.SHORTEST} characters or more): ")
    if getpass.getpass("Once more: ") != password:
        raise RequestError("the two passwords differ. Nothing was changed.")
    return password


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _become(argv: Sequence[str]) -> int:
    """Give the terminal to another program."""
    sys.stdout.flush()
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is wanted
    except FileNotFoundError as error:
        raise HostNotReady(
            f"{argv[0]} is not installed on this host. `make shell` needs only the engine."
        ) from error
