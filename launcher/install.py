"""Installs Docker Engine, Compose v2 and BuildKit from the distribution's packages, and starts the engine.

Only as root on Debian 12 and newer and Ubuntu 22.04 and newer; elsewhere it gives the commands to paste.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher import apt, mends, network, textfile
from launcher.console import follow
from launcher.preflight import engine_findings, refuse
from launcher.probes import engine as probe
from launcher.probes import system
from launcher.process import Work

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.host import Host
    from launcher.probes.engine import Engine
    from launcher.settings import Settings

ALSO = ("iptables", "ca-certificates")
# Debian 12 gets them from Debian 13
OLDEST = {**mends.OLDEST, "debian": "12"}
START_SECONDS = 40
DAEMON_LOG = "/var/log/dockerd.log"
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
URIs: {archive}
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def packages(host: Host) -> tuple[str, ...]:
    """The engine's packages on this distribution; none where its own have no Compose v2."""
    seen = system.look(host)
    if seen.distribution not in OLDEST or seen.older_than(OLDEST[seen.distribution]):
        return ()
    names = mends.DOCKER_PACKAGES if seen.docker_packages else mends.OWN_PACKAGES[seen.distribution]
    return tuple(names.split())


def _from_trixie(host: Host) -> bool:
    seen = system.look(host)
    older = seen.distribution == "debian" and seen.older_than(mends.OLDEST["debian"])
    return older and not seen.docker_packages


def find(host: Host, settings: Settings) -> Engine:
    """The engine, which must answer; nothing is installed or started."""
    seen = probe.look(host)
    if not _works(seen):
        refuse(engine_findings(host, settings.plan, seen), _why_not(host, settings))
    return seen


def ensure(host: Host, console: Console, settings: Settings) -> Engine:
    """The engine, installed and started where need be and allowed; HostNotReady says what is to be done."""
    seen = probe.look(host)
    if not _works(seen) and _may_install(host, settings, seen):
        effort = _Effort(host, console, settings)
        wanted = _lacking(host, seen)
        if wanted:
            effort.install(wanted, seen)
        if probe.look(host).problem:
            effort.start()
        seen = probe.look(host)
    refuse(engine_findings(host, settings.plan, seen), _why_not(host, settings))
    return seen


def _works(seen: Engine) -> bool:
    return not seen.problem and seen.compose is not None and seen.buildx is not None


def _may_install(host: Host, settings: Settings, seen: Engine) -> bool:
    """Only what is missing or stopped; a Podman, a closed socket or a remote engine is the owner's choice."""
    mendable = seen.problem in {"", "missing", "stopped"} and not host.environ.get("DOCKER_HOST")
    allowed = settings.get("ENGINE_INSTALL", "auto") == "auto"
    known = seen.problem or _lacking(host, seen)
    return bool(mendable and allowed and host.is_root and packages(host) and known)


def _lacking(host: Host, seen: Engine) -> tuple[str, ...]:
    """The packages to install; an engine that answers is never replaced, it only gets what it lacks."""
    compose, buildx = seen.compose is not None, seen.buildx is not None
    if not seen.problem:
        return mends.plugins(system.look(host), compose=compose, buildx=buildx)
    return () if compose and buildx and host.which("dockerd") else packages(host)


def _why_not(host: Host, settings: Settings) -> str:
    """Why `make up` does not do it by itself."""
    if settings.get("ENGINE_INSTALL") == "never":
        return "ENGINE_INSTALL=never forbids `make up` to do it."
    return "As root, `make up` does it by itself." if packages(host) and not host.is_root else ""


@dataclass(frozen=True)
class _Effort:
    host: Host
    console: Console
    settings: Settings

    def install(self, wanted: tuple[str, ...], seen: Engine) -> None:
        """Say what will be installed and from where, then do it."""
        why = "No container engine with Compose v2 answers. Installing it"
        if not seen.problem:
            why = "The engine's client lacks plugins. Installing them"
        self.console.say(f"{why} on {system.look(self.host).name}:\n  {' '.join(wanted)}")
        if _from_trixie(self.host):
            self._pin(packages(self.host))
        also = ALSO if seen.problem else ()
        with self.console.step("Installing the container engine", "about a minute"):
            apt.install(self.host, self.console, (*wanted, *also), network.environment(self.settings))

    def _pin(self, wanted: tuple[str, ...]) -> None:
        self.console.say(f"  Debian 12 has no Compose v2, so these come from Debian 13, pinned in {PIN}")
        archive = apt.debian(self.host, self.settings.plan.apt_mirror)
        # the pin comes first: without it the new archive would upgrade the whole system
        _write(self.host, PIN, PIN_TEXT.format(packages=" ".join(wanted)))
        _write(self.host, SOURCES, SOURCES_TEXT.format(archive=archive))

    def start(self) -> None:
        """As this host starts services: through systemd, which also does it at every boot, or by hand."""
        with self.console.step("Starting the container engine"):
            if self.host.exists("/run/systemd/system"):
                argv = ["systemctl", "enable", "--now", "docker"]
                follow(self.host, self.console, Work(argv, stall=START_SECONDS))
            else:
                self._spawn()
            deadline = time.monotonic() + START_SECONDS
            while probe.look(self.host).problem and time.monotonic() < deadline:
                time.sleep(0.5)

    def _spawn(self) -> None:
        """No systemd (a container, WSL): a session of its own outlives make and the terminal."""
        self.console.say(f"  No systemd here: dockerd runs in the background and writes to {DAEMON_LOG}")
        script = f"setsid dockerd >>{DAEMON_LOG} 2>&1 </dev/null &"
        env = network.environment(self.settings)
        self.host.run(["sh", "-c", script], timeout=START_SECONDS, env=env).check()


def _write(host: Host, path: str, text: str) -> None:
    host.path(path).parent.mkdir(parents=True, exist_ok=True)
    textfile.update(host.path(path), text, 0o644)
