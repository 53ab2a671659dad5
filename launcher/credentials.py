"""Who gets in: Jupyter's password (the container holds only its hash) and the SSH key of this checkout."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Optional

from launcher import dotenv
from launcher.errors import RequestError

if TYPE_CHECKING:
    from launcher.docker import Docker
    from launcher.state import State

SHORTEST = 8


def ensure(docker: Docker, state: State, image: str) -> None:
    """Make what is missing; what is there stays."""
    if not state.password_hash.exists():
        set_password(docker, state, image, None)
    if not state.identity.exists():
        _make_key(docker, state, image)
    if not state.authorized_keys.exists():
        public = state.identity.with_suffix(".pub").read_text()
        dotenv.replace(state.authorized_keys, public, mode=0o600)


def set_password(docker: Docker, state: State, image: str, password: Optional[str]) -> None:
    """Keep the hash for the container and the text for the person; without a password, make one up."""
    password = password or secrets.token_urlsafe(12)
    if len(password) < SHORTEST:
        raise RequestError(f"a password of {len(password)} characters found; accepted are {SHORTEST} or more.")
    hashed = docker.run("run", "--rm", "--interactive", "--network=none", image, "workbench-hash-password",
                        text=password + "\n")
    dotenv.replace(state.password_hash, hashed, mode=0o600)
    dotenv.replace(state.password, password + "\n", mode=0o600)


def _make_key(docker: Docker, state: State, image: str) -> None:
    """Made by the image's ssh-keygen: a bare host may have none."""
    script = "ssh-keygen -q -t ed25519 -N '' -C workbench -f /tmp/key && cat /tmp/key /tmp/key.pub"
    text = docker.run("run", "--rm", "--network=none", image, "sh", "-c", script)
    private, end, public = text.partition("-----END OPENSSH PRIVATE KEY-----\n")
    dotenv.replace(state.identity, private + end, mode=0o600)
    dotenv.replace(state.identity.with_suffix(".pub"), public, mode=0o644)
