"""Who gets in: Jupyter's password (the container holds only its hash) and the SSH key of this checkout.

Neither is ever a word of a command line, a line of a log or a part of an image.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from launcher import textfile
from launcher.errors import RequestError, WorkbenchError

if TYPE_CHECKING:
    from launcher.docker import Docker
    from launcher.state import State

SHORTEST = 8
# the engine keeps no log of these containers, and they reach no network
ALONE = ("run", "--rm", "--network=none", "--log-driver=none")
OURS = re.compile(r"ssh-ed25519 \S+ workbench")  # as MAKE_KEY names it
MAKE_KEY = "ssh-keygen -q -t ed25519 -N '' -C workbench -f /tmp/key && cat /tmp/key.pub /tmp/key"


def ensure(docker: Docker, state: State, image: str) -> None:
    """Make what is missing; what is there stays."""
    if not state.password_hash.exists():
        set_password(docker, state, image, secrets.token_urlsafe(12))
    made = not state.identity.exists()
    if made:
        _make_key(docker, state, image)
    if made or not state.authorized_keys.exists():
        _let_in(state)


def set_password(docker: Docker, state: State, image: str, password: str) -> None:
    """Keep the hash for the container and the text for the person; the hash comes last."""
    if len(password) < SHORTEST:
        raise RequestError(
            f"a password of {len(password)} characters found; accepted are {SHORTEST} or more. "
            "Nothing was changed."
        )
    hashed = docker.run(*ALONE, "--interactive", image, "workbench-hash-password", text=password + "\n")
    textfile.write(state.password, password + "\n")
    textfile.write(state.password_hash, hashed)


def _let_in(state: State) -> None:
    """Our key first; an earlier one of ours is let in no longer, keys of the user's own are."""
    there = state.authorized_keys.read_text(encoding="utf-8") if state.authorized_keys.exists() else ""
    theirs = [line for line in there.splitlines(keepends=True) if not OURS.fullmatch(line.strip())]
    textfile.write(state.authorized_keys, state.public_key.read_text(encoding="utf-8") + "".join(theirs))


def _make_key(docker: Docker, state: State, image: str) -> None:
    """Made by the image's ssh-keygen: a bare host may have none."""
    public, begin, private = docker.run(*ALONE, image, "sh", "-c", MAKE_KEY).partition("-----BEGIN")
    if not begin:
        raise WorkbenchError(
            f"ssh-keygen in {image} made no key. Build the image again: make clean, then make up"
        )
    textfile.write(state.public_key, public, 0o644)
    textfile.write(state.identity, begin + private)
