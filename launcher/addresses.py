"""Addresses for messages: a user name and a password may stand in them, and are never printed."""

from __future__ import annotations

import re

USER = re.compile(r"//[^/@\s]*@")


def bare(url: str) -> str:
    """Without user and password: "http://ada:x@proxy.example" -> "http://proxy.example"."""
    return USER.sub("//", url)


def masked(url: str) -> str:
    """For a command to complete: "http://ada:x@proxy.example" -> "http://USER:PASSWORD@proxy.example"."""
    return USER.sub("//USER:PASSWORD@", url)


def host_of(url: str) -> str:
    """Name and port: "http://ada:x@127.0.0.1:7890/" -> "127.0.0.1:7890"."""
    return bare(url).rpartition("//")[2].split("/")[0]


def on_this_machine(url: str) -> bool:
    """Whether it leads to the machine itself, which in a container is the container: "http://127.0.0.1:7890"."""
    return host_of(url).startswith(("127.", "localhost", "[::1]", "::1"))
