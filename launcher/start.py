"""Starts and stops the services, waits until they are healthy, and says how to get in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Dict, Set

from launcher import dotenv
from launcher.docker import Docker, health
from launcher.errors import RequestError, WorkbenchError

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.settings import Settings
    from launcher.state import State

SERVICES = ("workbench", "tensorboard")
HEALTHY_SECONDS = 120.0
POLL_SECONDS = 0.5
LOG_LINES = "30"


def up(docker: Docker, console: Console, settings: Settings, state: State) -> None:
    """Start what is not running, wait, and print the way in."""
    console.note("compose up")
    before = {name: one["Id"] for name, one in docker.containers().items() if health(one) == "healthy"}
    answer = docker.host.run(docker.compose("up", "--detach", "--remove-orphans"), cwd=docker.checkout)
    console.note(answer.output)
    answer.check()
    found = docker.containers()
    if all(before.get(name) == found.get(name, {}).get("Id") for name in SERVICES):
        console.say("Already up; nothing changed.")
    else:
        _wait(docker, console)
    remember_host_key(docker, state)
    console.say(welcome(docker, state))


def _wait(docker: Docker, console: Console) -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    with console.step("Waiting until Jupyter, sshd and TensorBoard answer"):
        while True:
            found = {name: health(docker.containers().get(name)) for name in SERVICES}
            if set(found.values()) == {"healthy"}:
                return
            console.progress(", ".join(f"{name} {state}" for name, state in found.items()))
            if time.monotonic() > deadline or "exited" in found.values():
                raise WorkbenchError(_why_not(docker, found))
            time.sleep(POLL_SECONDS)


def _why_not(docker: Docker, found: Dict[str, str]) -> str:
    bad = [name for name, state in found.items() if state != "healthy"]
    logs = docker.host.run(docker.compose("logs", "--no-color", "--tail", LOG_LINES, *bad), cwd=docker.checkout)
    states = ", ".join(f"{name} is {state}" for name, state in found.items())
    return f"{states}. The last lines of their logs:\n{logs.output}"


def published(docker: Docker) -> Set[int]:
    """Host ports that this checkout's running containers hold."""
    bindings = [
        binding
        for container in docker.containers().values()
        if container["State"]["Status"] in {"running", "restarting"}
        for found in (container["NetworkSettings"]["Ports"] or {}).values()
        for binding in found or []
    ]
    return {int(binding["HostPort"]) for binding in bindings}


def refuse_foreign(docker: Docker, name: str) -> None:
    """RequestError where another checkout on this host uses the same NAME."""
    label = "com.docker.compose.project"
    listed = docker.run("ps", "--all", "--filter", f"label={label}={name}", "--format",
                        f'{{{{.Label "{label}.working_dir"}}}}')
    others = {line for line in listed.splitlines() if line and line != str(docker.checkout)}
    if others:
        raise RequestError(f"NAME={name}: {sorted(others)[0]} on this host uses it already. Give another NAME.")


def remember_host_key(docker: Docker, state: State) -> None:
    """Let ssh know the container's host key beforehand, for the port of this start."""
    key = docker.run("exec", docker.containers()["workbench"]["Id"], "cat",
                     "/home/nlp/.config/sshd/ssh_host_ed25519_key.pub")
    ways = address(docker, state)
    line = f"[{ways['ssh.host']}]:{ways['ssh.port']} {' '.join(key.split()[:2])}\n"
    if not state.known_hosts.exists() or state.known_hosts.read_text() != line:
        dotenv.replace(state.known_hosts, line, mode=0o644)


def address(docker: Docker, state: State) -> Dict[str, str]:
    """Where each service is, from what was decided at the last `make up`."""
    file = dotenv.read(state.checkout / ".env")
    values = {**file.decided, **file.user}
    bind = docker.host.environ.get("BIND") or values.get("BIND") or "127.0.0.1"
    host = "127.0.0.1" if bind in {"0.0.0.0", "::"} else bind  # noqa: S104 - where to find it, not where to bind
    return {
        "jupyter.url": f"http://{host}:{values.get('JUPYTER_PORT')}/lab",
        "jupyter.password_file": str(state.password),
        "ssh.host": host,
        "ssh.port": str(values.get("SSH_PORT")),
        "ssh.user": "nlp",
        "ssh.identity_file": str(state.identity),
        "tensorboard.url": f"http://127.0.0.1:{values.get('TENSORBOARD_PORT')}/",
    }


def welcome(docker: Docker, state: State) -> str:
    """The last words of `make up`."""
    ways = address(docker, state)
    return f"""
The workbench is up.

  Jupyter      {ways["jupyter.url"]}
               password: cat {state.password.relative_to(state.checkout)}
  SSH          make ssh     (VS Code: `make ssh-config`, then Remote-SSH to the host it names)
               ssh -p {ways["ssh.port"]} -i {state.identity.relative_to(state.checkout)} nlp@{ways["ssh.host"]}
  TensorBoard  {ways["tensorboard.url"]}
  Your files   workspace/ is /workspace in the container

Next: make smoke-test"""
