"""Installs Docker Engine, Compose v2 and BuildKit from the distribution's own packages, and starts the engine.

Only as root on Debian and Ubuntu; elsewhere it gives the commands to paste.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List

from launcher.errors import HostNotReady
from launcher.probes import engine as probe

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.host import Host

DEBIAN = ["docker.io", "docker-cli", "docker-compose", "docker-buildx"]
UBUNTU = ["docker.io", "docker-compose-v2", "docker-buildx"]
BOOKWORM = 12
START_SECONDS = 40
SOURCES = "/etc/apt/sources.list.d/nlp-workbench-engine.sources"
PIN = "/etc/apt/preferences.d/nlp-workbench-engine"
PIN_TEXT = """\
# Debian 12 has no Compose v2: these packages, and nothing else, come from Debian 13. Written by `make up`.
Package: *
Pin: release n=trixie
Pin-Priority: -10

Package: {packages}
Pin: release n=trixie
Pin-Priority: 990
"""
SOURCES_TEXT = """\
Types: deb
URIs: {mirror}
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def os_release(host: Host) -> Dict[str, str]:
    """/etc/os-release as a mapping: {"ID": "debian", "VERSION_ID": "12", ...}."""
    pairs = (line.partition("=") for line in (host.read_text("/etc/os-release") or "").splitlines())
    return {key: value.strip().strip('"') for key, _, value in pairs if key}


def packages(host: Host) -> List[str]:
    """The engine's packages on this distribution; none where we do not know them."""
    return {"debian": DEBIAN, "ubuntu": UBUNTU}.get(os_release(host).get("ID", ""), [])


def ensure(host: Host, console: Console, allowed: bool) -> probe.Engine:
    """The engine, installed and started where need be and allowed; HostNotReady says what is to be done."""
    engine = probe.look(host)
    if _works(engine):
        return engine
    if not allowed or not host.is_root or not packages(host) or engine.problem in {"podman", "permission"}:
        raise HostNotReady(_instructions(host, engine, allowed))
    if not engine.compose or not host.which("dockerd"):
        _install(host, console)
    if probe.look(host).problem:
        _start(host, console)
    engine = probe.look(host)
    if not _works(engine):
        raise HostNotReady(f"the engine is installed but does not answer: {engine.said}. See {_log()}.")
    return engine


def _works(engine: probe.Engine) -> bool:
    return not engine.problem and engine.compose is not None and engine.buildx is not None


def _instructions(host: Host, engine: probe.Engine, allowed: bool) -> str:
    if engine.problem == "permission":
        return (
            f"the container engine refuses user {host.username}: {engine.said}\n"
            f"  sudo usermod -aG docker {host.username}   # then log out and in again"
        )
    what = f"no container engine with Compose v2 and BuildKit answers ({engine.problem or 'plugins missing'})"
    why = "ENGINE_INSTALL=never forbids installing it" if not allowed else "installing it needs root"
    found = packages(host)
    if not found:
        return f"{what}. Install Docker Engine 23 or newer with its compose and buildx plugins, then `make up`."
    steps = [f"apt-get install --no-install-recommends {' '.join(found)}", "systemctl enable --now docker"]
    if _needs_trixie(host):
        return f"{what}; {why}. As root, `make up` does it all (Debian 13's packages, pinned). By hand: see " \
            "docs/troubleshooting.md, 'No engine on Debian 12'."
    lines = "\n".join(f"  sudo {step}" for step in ["apt-get update", *steps])
    return f"{what}; {why}. On this host:\n{lines}\nthen `make up` again."


def _install(host: Host, console: Console) -> None:
    wanted = packages(host)
    release = os_release(host).get("PRETTY_NAME", "this distribution")
    console.say(f"No container engine with Compose v2 answers. Installing it from the packages of {release}:")
    console.say(f"  {' '.join(wanted)}")
    if _needs_trixie(host):
        console.say(f"  Debian 12 has no Compose v2, so these come from Debian 13, pinned in {PIN}")
        host.path(SOURCES).write_text(SOURCES_TEXT.format(mirror=debian_mirror(host)))
        host.path(PIN).write_text(PIN_TEXT.format(packages=" ".join(wanted)))
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    with console.step("Installing the container engine"):
        for argv in (
            ["apt-get", "-q", "update"],
            ["apt-get", "-q", "-y", "install", "--no-install-recommends", *wanted, "iptables", "ca-certificates"],
        ):
            host.stream(argv, lambda line: (console.note(line), console.progress(line))[0], env=environment).check()


def _needs_trixie(host: Host) -> bool:
    release = os_release(host)
    return release.get("ID") == "debian" and release.get("VERSION_ID") == str(BOOKWORM)


def debian_mirror(host: Host) -> str:
    """The Debian mirror that this host's apt already uses."""
    texts = [host.read_text("/etc/apt/sources.list") or ""]
    folder = "/etc/apt/sources.list.d"
    texts += [host.read_text(f"{folder}/{name}") or "" for name in host.list_dir(folder)]
    for word in " ".join(texts).split():
        if word.startswith("http") and word.rstrip("/").endswith("/debian"):
            return word.rstrip("/")
    raise HostNotReady("no Debian mirror is named in /etc/apt; set APT_MIRROR=http://your.mirror and try again.")


def _start(host: Host, console: Console) -> None:
    """Start it as this host starts services: systemd, an init script, or by hand."""
    with console.step("Starting the container engine"):
        if host.exists("/run/systemd/system"):
            host.run(["systemctl", "enable", "--now", "docker"], timeout=START_SECONDS).check()
        else:
            _spawn(host)
        deadline = time.monotonic() + START_SECONDS
        while probe.look(host).problem and time.monotonic() < deadline:
            time.sleep(0.5)


def _spawn(host: Host) -> None:
    """No systemd (a container, WSL): start the daemon in the background, its words in a log."""
    host.run(["sh", "-c", f"exec setsid dockerd >>{_log()} 2>&1 </dev/null &"], timeout=START_SECONDS).check()


def _log() -> Path:
    return Path("/var/log/dockerd.log")


def apt_sources(host: Host, mirror: str | None) -> str:
    """Debian's archives as lines for apt, from the user's mirror or this host's; empty leaves it to mmdebstrap.

    >>> apt_sources(host, "http://mirror.example").splitlines()[0]
    'deb http://mirror.example/debian bookworm main'
    """
    if mirror:
        debian = f"{mirror.rstrip('/')}/debian"
    elif os_release(host).get("ID") == "debian":
        debian = debian_mirror(host)
    else:
        return ""
    security = f"{debian}-security"
    return (
        f"deb {debian} bookworm main\ndeb {debian} bookworm-updates main\n"
        f"deb {security} bookworm-security main\n"
    )
