"""How to get in: addresses of the services, the host key that ssh will meet, the last words of `make up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher import dotenv, sshconfig, textfile

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.docker import Docker
    from launcher.settings import Settings
    from launcher.state import State

HOST_KEY = "/home/nlp/.config/sshd/ssh_host_ed25519_key.pub"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to find it, not where to bind


def ways(settings: Settings, state: State) -> dict[str, str]:
    """Where each service is, from what the last `make up` decided."""
    values = dotenv.read(state.checkout / ".env").values
    bind = values.get("BIND") or settings.plan.bind
    host = EVERYWHERE.get(bind, bind)
    page = f"[{host}]" if ":" in host else host
    return {
        "jupyter.url": f"http://{page}:{values.get('JUPYTER_PORT', '')}/lab",
        "jupyter.password_file": str(state.password),
        "ssh.host": host,
        "ssh.port": values.get("SSH_PORT", ""),
        "ssh.user": "nlp",
        "ssh.identity_file": str(state.identity),
        "serve.url": f"http://127.0.0.1:{values.get('SERVE_PORT', '')}/",
        "tensorboard.url": f"http://127.0.0.1:{values.get('TENSORBOARD_PORT', '')}/",
    }


def block(settings: Settings, state: State) -> str:
    """The Host block of ssh's configuration."""
    return sshconfig.block(settings.name, ways(settings, state), state.known_hosts)


def write_ssh_config(settings: Settings, state: State) -> Path:
    """A configuration of this checkout's own, so that `make ssh` needs none of the user's."""
    textfile.update(state.ssh_config, block(settings, state))
    return state.ssh_config


def remember_host_key(docker: Docker, settings: Settings, state: State, container: str) -> None:
    """Let ssh know the container's host key beforehand, for the port of this start."""
    key = docker.run("exec", container, "cat", HOST_KEY)
    found = ways(settings, state)
    host = found["ssh.host"]
    name = host if found["ssh.port"] == "22" else f"[{host}]:{found['ssh.port']}"  # as ssh itself writes it
    line = f"{name} {' '.join(key.split()[:2])}\n"
    textfile.update(state.known_hosts, line, 0o644)


def welcome(settings: Settings, state: State) -> str:
    """The last words of `make up`."""
    found = ways(settings, state)
    key = state.identity.relative_to(state.checkout)
    mount = state.shown(settings.plan.mount)
    return f"""
The workbench is up.

  Jupyter      {found["jupyter.url"]}
               password: cat {state.password.relative_to(state.checkout)}
  SSH          make ssh
               ssh -p {found["ssh.port"]} -i {key} nlp@{found["ssh.host"]}
               VS Code: make ssh-config, then Remote-SSH to {settings.name}
  TensorBoard  {found["tensorboard.url"]}
  Your files   {mount}/{{data,models,runs}} are in /workspace in the container

Next: make smoke-test"""
