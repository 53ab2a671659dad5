"""Debian's packages on this host: where its own apt gets them, and installing them with progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.console import Console, follow
from launcher.errors import HostNotReady
from launcher.probes import apt
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from launcher.host import Host

OPTIONS = (
    "-q",
    "--option=Acquire::Retries=1",
    "--option=Acquire::http::Timeout=10",
    "--option=Acquire::https::Timeout=10",
    "--option=DPkg::Lock::Timeout=120",  # a fresh cloud machine upgrades itself at first
)


def debian(host: Host, mirror: str | None) -> str:
    """The address of Debian's archive: below the user's mirror, else the one that this host uses."""
    if mirror:
        return f"{mirror.rstrip('/')}/debian"
    main = [one for one in apt.look(host) if "main" in one.components and not one.suite.endswith("-security")]
    ranked = sorted(main, key=lambda one: "debian" not in one.address)
    if not ranked:
        raise HostNotReady(
            "no Debian archive is named in /etc/apt. Name a mirror: make up APT_MIRROR=http://mirror.example"
        )
    return ranked[0].address


def install(host: Host, console: Console, packages: Sequence[str], env: Mapping[str, str]) -> None:
    """Install, as root, without asking."""
    environment = {"DEBIAN_FRONTEND": "noninteractive", **env}
    for words in (["update"], ["--yes", "install", "--no-install-recommends", *packages]):
        follow(host, console, Work(["apt-get", *OPTIONS, *words], environment))
