"""The everyday verbs, once the workbench is up: down, clean, status, password, ssh, ssh-config, shell, logs, lock."""

from __future__ import annotations

import getpass
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List

from launcher import credentials, dotenv, install, sshconfig, start, workspace
from launcher.docker import Docker, health
from launcher.errors import HostNotReady, RequestError

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

LOCKS = {"tools": [], "torch": [], "nlp": ["torch"], "interactive": ["torch", "nlp"],
         "extra": ["torch", "nlp", "interactive"]}


@dataclass(frozen=True)
class Verbs:
    """Each method is one verb and returns its exit code."""

    host: Host
    settings: Settings
    state: State
    console: Console

    @property
    def docker(self) -> Docker:
        """The engine, which must answer; nothing is installed here."""
        engine = install.ensure(self.host, self.console, allowed=False)
        return Docker(self.host, engine.client or "docker", self.state.checkout)

    def _decided(self) -> Dict[str, str]:
        decided = self.settings.decided
        if "WORKBENCH_IMAGE" not in decided:
            raise HostNotReady("this checkout has no workbench yet. Start it: make up")
        return decided

    def _running(self) -> Docker:
        self._decided()
        docker = self.docker
        if docker.containers().get("workbench", {}).get("State", {}).get("Status") != "running":
            raise HostNotReady("the workbench is not running. Start it: make up")
        return docker

    def down(self) -> int:
        """Stop the services; data, volumes and image stay."""
        self._decided()
        docker = self.docker
        with self.console.step("Stopping"):
            docker.follow(docker.compose("down", "--remove-orphans"), self.console)
        self.console.say("Stopped. workspace/, your packages and caches, and the image are kept. Again: make up")
        return 0

    def clean(self) -> int:
        """Delete containers, volumes and image of this checkout, after asking; workspace/ is never touched."""
        decided = self._decided()
        docker = self.docker
        self.console.say(
            f"This deletes, for {decided['WORKBENCH_NAME']} only:\n"
            "  its containers and network\n"
            "  the volume `home`: packages that you installed, settings, shell history\n"
            "  the volume `cache`: downloaded models and packages\n"
            f"  the image {decided['WORKBENCH_IMAGE']}\n"
            "  .workbench/: Jupyter's password, the SSH key, logs\n"
            "workspace/, notebooks/ and scripts/ stay."
        )
        if self.settings.get("YES") != "1" and _ask("Type yes to go on: ") != "yes":
            self.console.say("Nothing was deleted.")
            return 1
        docker.follow(docker.compose("down", "--volumes", "--remove-orphans"), self.console)
        docker.ask("image", "rm", decided["WORKBENCH_IMAGE"])
        dotenv.write(self.state.checkout / ".env", {})
        self.state.delete()
        self.console.say("Deleted.")
        return 0

    def status(self) -> int:
        """What runs, how it is, and how to get in; 0 when all is healthy, else 1."""
        found = self._status()
        if self.settings.get("FORMAT") == "json":
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
        else:
            sys.stdout.write("".join(f"{key:<22} {value}\n" for key, value in _flat(found).items()))
        return 0 if set(found["health"].values()) == {"healthy"} else 1

    def _status(self) -> Dict[str, Any]:
        decided = self._decided()
        docker = self.docker
        containers = docker.containers()
        nested: Dict[str, Any] = {}
        for key, value in start.address(docker, self.state).items():
            group, _, name = key.partition(".")
            nested.setdefault(group, {})[name] = int(value) if name == "port" else value
        return {
            "name": decided["WORKBENCH_NAME"],
            "variant": decided["WORKBENCH_VARIANT"],
            "reason": decided["WORKBENCH_REASON"],
            "image": decided["WORKBENCH_IMAGE"],
            "health": {service: health(containers.get(service)) for service in start.SERVICES},
            **nested,
        }

    def password(self) -> int:
        """Set Jupyter's password: asked for twice on a terminal, else one line of standard input."""
        docker = self._running()
        password = getpass.getpass("New password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        if sys.stdin.isatty() and getpass.getpass("Once more: ") != password:
            raise RequestError("the two passwords differ; nothing was changed.")
        credentials.set_password(docker, self.state, self._decided()["WORKBENCH_IMAGE"], password)
        workspace_owner(self.host, self.state)
        container = docker.containers()["workbench"]["Id"]
        docker.run("exec", container, "s6-svc", "-r", "/run/workbench/services/jupyter")
        self.console.say(f"Set, and Jupyter started anew. It is kept in {self.state.password} for you alone.")
        return 0

    def ssh(self, command: List[str]) -> int:
        """A login shell over SSH, or one command."""
        docker = self._running()
        config = self.state.identity.parent / "config"
        name = self.settings.name
        dotenv.replace(config, sshconfig.block(name, start.address(docker, self.state), self.state.known_hosts), 0o600)
        return _become(["ssh", "-F", str(config), name, *command])

    def ssh_config(self) -> int:
        """One Host block in ~/.ssh/config, for ssh, scp, rsync and VS Code."""
        docker = self._running()
        name = self.settings.name
        new = sshconfig.block(name, start.address(docker, self.state), self.state.known_hosts)
        path, changed = sshconfig.write(self.host.home / ".ssh" / "config", name, new)
        self.console.say(f"{path}: Host {name} {'written' if changed else 'is up to date'}. Try: ssh {name}")
        return 0

    def shell(self, command: List[str]) -> int:
        """A shell, or one command, through the engine."""
        docker = self._running()
        terminal = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["-T"]
        return _become(docker.compose("exec", *terminal, "workbench", *(command or ["bash", "--login"])))

    def logs(self) -> int:
        """Follow what the services say."""
        return _become(self._running().compose("logs", "--follow", "--tail", "100"))

    def lock(self) -> int:
        """Resolve docker/requirements/*.in into hash locks, in the image, with no index address in them."""
        docker = self._running()
        folder = self.state.checkout / "docker" / "requirements"
        for name, above in LOCKS.items():
            with self.console.step(f"Locking {name}.in"):
                text = _compile(docker, self._decided()["WORKBENCH_IMAGE"], name, above)
                (folder / f"{name}.txt").write_text(text)
        self.console.say("Now build with them: make up")
        return 0


def _compile(docker: Docker, image: str, name: str, above: List[str]) -> str:
    folder = docker.checkout / "docker" / "requirements"
    torch = (folder / "torch.txt").read_text() if above else ""
    theirs = [line.split("==")[0] for line in torch.splitlines() if line.startswith(("nvidia-", "torch==", "triton="))]
    argv = ["uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url", "--no-header",
            "--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28", f"{name}.in"]
    argv += [f"--constraint={other}.txt" for other in above] + [f"--no-emit-package={one}" for one in theirs]
    mounts = ["--volume", f"{folder}:/locks:ro", "--workdir", "/locks", "--env", "UV_CONSTRAINT=",
              "--volume", f"{docker.checkout}/.workbench/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro",
              "--env-file", str(docker.checkout / ".workbench" / "network.env")]
    return docker.host.run([docker.client, "run", "--rm", *mounts, image, *argv]).check().stdout


def workspace_owner(host: Host, state: State) -> None:
    """The container's user must be able to read what was written for it."""
    workspace.hand_over(host, state, workspace.owner(host, state.checkout))


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _become(argv: List[str]) -> int:
    """Give the terminal to another program."""
    sys.stdout.flush()
    try:
        os.execvp(argv[0], argv)  # noqa: S606
    except FileNotFoundError as error:
        raise HostNotReady(f"{argv[0]} is not installed on this host. `make shell` needs only the engine.") from error


def _flat(found: Dict[str, Any], prefix: str = "") -> Dict[str, str]:
    flat: Dict[str, str] = {}
    for key, value in found.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat
