"""Debian's root file system as an image, made by mmdebstrap: the ground of a base that is built here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import apt
from launcher.console import Console, follow
from launcher.errors import HostNotReady
from launcher.probes import apt as archives
from launcher.probes import system
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.docker import Docker
    from launcher.host import Host

SUITE = "bookworm"
INCLUDE = "ca-certificates,python3,python3-dev,python3-venv,python-is-python3"
# the image keeps no address of the mirror
FORGET = '--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*'
TAG = f"nlp-workbench-debian:{SUITE}-{hashlib.sha256((INCLUDE + FORGET).encode()).hexdigest()[:8]}"
BUILDER = ("mmdebstrap", "debian-archive-keyring")


def sources(host: Host, mirror: str | None) -> str:
    """Debian's archives as lines for apt, the user's mirror or this host's; empty leaves it to mmdebstrap.

    With the mirror http://mirror.example the first line is "deb http://mirror.example/debian bookworm main".
    """
    if not mirror and system.look(host).distribution != "debian":
        return ""
    archive = apt.debian(host, mirror)
    security = next((one.address for one in archives.look(host) if one.suite.endswith("-security")), "")
    if mirror or not security:
        security = f"{archive}-security"
    suites = {SUITE: archive, f"{SUITE}-updates": archive, f"{SUITE}-security": security}
    return "".join(f"deb {address} {suite} main\n" for suite, address in suites.items())


def ensure(docker: Docker, console: Console, listed: str, env: Mapping[str, str]) -> str:
    """The image's name; made where it is not here yet. `listed` is a file with apt's lines."""
    if not docker.image(TAG):
        _need_builder(docker.host, console, env)
        with console.step(f"Building Debian {SUITE} from the distribution's packages", "about a minute"):
            _make(docker, console, Path(listed), env)
    return TAG


def _make(docker: Docker, console: Console, listed: Path, env: Mapping[str, str]) -> None:
    archive = docker.checkout / ".workbench" / "build" / "debian.tar"
    argv = ["mmdebstrap", "--variant=minbase", f"--include={INCLUDE}", SUITE, str(archive)]
    if listed.read_text(encoding="utf-8"):
        argv[1:1] = [FORGET]
        argv.append(str(listed))
    try:
        follow(docker.host, console, Work(argv, env))
        follow(docker.host, console, Work([docker.client, "import", str(archive), TAG]))
    finally:
        if archive.exists():
            archive.unlink()


def _need_builder(host: Host, console: Console, env: Mapping[str, str]) -> None:
    if host.which(BUILDER[0]):
        return
    if not host.is_root or system.look(host).family != "debian":
        raise HostNotReady(
            "no registry answers, and mmdebstrap, which builds a base from Debian's packages, is missing:\n"
            f"  {system.look(host).sudo}apt-get install {' '.join(BUILDER)}   # other systems name it alike\n"
            "then `make up` again; or name a registry that answers: make up REGISTRY=mirror.example"
        )
    console.say("Installing mmdebstrap, which builds a base from Debian's packages")
    with console.step("Installing mmdebstrap"):
        apt.install(host, console, BUILDER, env)
