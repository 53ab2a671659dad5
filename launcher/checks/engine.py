"""Findings about the engine, its client and its plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.findings import Finding, error, info, ok, warning
from launcher.mends import install_engine, install_plugins, join_group, start_engine
from launcher.versions import at_least

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts
    from launcher.probes.engine import Engine, Server
    from launcher.probes.system import System

ENGINE_FLOOR, COMPOSE_FLOOR = "23.0", "2.24"
MAPPED = (
    "the container's user is another one on the host: it cannot read its password and keys, "
    "nor write to workspace/"
)
NEEDED = f"Docker Engine {ENGINE_FLOOR} and Compose {COMPOSE_FLOOR} or newer are needed"


def check(facts: Facts) -> Iterator[Finding]:
    """Client, plugins, server, in that order; without a client there is nothing more to say."""
    engine, system = facts.engine, facts.system
    if engine.client is None:
        yield _missing(engine, system)
        return
    if engine.problem == "podman":
        yield error(
            "engine-podman",
            f"{engine.client} is Podman, not Docker",
            f"compose.yaml asks for GPUs and limits in ways that Podman's emulation drops. {NEEDED}.",
            install_engine(system),
        )
        return
    if engine.server is None:
        yield _silent(engine, system)
    else:
        yield from _server(engine, engine.server, system)
    yield from _plugins(engine, system)


def _missing(engine: Engine, system: System) -> Finding:
    found = "no program called docker on PATH"
    if engine.standalone_compose:
        found += f", only docker-compose {engine.standalone_compose}"
    mend = install_engine(system)
    if system.family == "debian":
        mend = ["# run as root, `make up` does this by itself", *mend]
    return error("engine-missing", found, f"nothing can be built or started. {NEEDED}.", mend)


def _silent(engine: Engine, system: System) -> Finding:
    """The client is there and the server does not answer it."""
    if engine.problem == "permission":
        causes = (
            f"user {system.user} may not use the engine's socket: every command ends with 'permission denied'"
        )
        return error("engine-permission", engine.said, causes, join_group(system))
    if engine.problem == "hung":
        causes = "every command would hang; often a full disk or a stuck container runtime"
        return error("engine-hung", "the engine took the call and gave no answer", causes, _logs(system))
    if engine.problem == "api":
        causes = "client and server are too far apart in age to talk"
        return error("engine-api", engine.said, causes, install_engine(system))
    if engine.problem == "stopped" and system.wsl and not system.systemd:
        mend = [
            "# in Windows: start Docker Desktop with WSL integration for this distribution, or",
            start_engine(system),
        ]
        return error("engine-stopped", engine.said, "nothing can be built or started", mend)
    if engine.problem == "stopped":
        return error("engine-stopped", engine.said, "nothing can be built or started", [start_engine(system)])
    return error("engine-unclear", engine.said, "nothing can be built or started", _logs(system))


def _logs(system: System) -> list[str]:
    if system.systemd:
        return [f"{system.sudo}journalctl -u docker -n 50", f"{system.sudo}systemctl restart docker"]
    return [f"{system.sudo}service docker restart"]


def _server(engine: Engine, server: Server, system: System) -> Iterator[Finding]:
    if at_least(server.version, ENGINE_FLOOR):
        yield ok("engine", f"Docker Engine {server.version} answers{_where(engine)}")
    else:
        yield error(
            "engine-too-old",
            f"Docker Engine {server.version}",
            f"its builder is not BuildKit by default. {NEEDED}.",
            install_engine(system),
        )
    if server.os_type != "linux":
        mend = ["# Docker Desktop: right-click its icon in the tray > Switch to Linux containers"]
        yield error(
            "engine-windows", f"the engine runs {server.os_type} containers", "the image is Linux", mend
        )
    if engine.remote:
        yield error(
            "engine-remote",
            f"the engine is on another machine: {engine.endpoint}",
            "workspace/ and the keys are mounted from here and would be empty folders there",
            ["unset DOCKER_HOST", "docker context use default"],
        )
    yield from _kinds(engine, server, system)


def _where(engine: Engine) -> str:
    return f" at {engine.endpoint}" if engine.endpoint else ""


def _kinds(engine: Engine, server: Server, system: System) -> Iterator[Finding]:
    """Ways to run an engine that change what works."""
    if engine.snap:
        yield warning(
            "engine-snap",
            "the engine is Ubuntu's snap",
            "it sees only folders below /home and does not find NVIDIA's container toolkit",
            [f"{system.sudo}snap remove docker", *install_engine(system)],
        )
    yield from _mapped(server, system)
    if server.desktop:
        yield info("engine-desktop", "Docker Desktop: disk and memory are those of its virtual machine")
    if server.storage == "vfs":
        yield warning(
            "engine-storage",
            "the engine stores layers with the vfs driver",
            "every layer is a full copy: the image takes several times its size",
            ['# take "storage-driver": "vfs" out of /etc/docker/daemon.json, then restart the engine'],
        )


def _mapped(server: Server, system: System) -> Iterator[Finding]:
    """Numbers of users differ inside and outside."""
    if server.has("rootless"):
        where = "docker context use default  # where an engine of root runs too"
        mend = [where, start_engine(system), *join_group(system)]
        yield error("engine-rootless", "the engine runs without root", MAPPED, mend)
    if server.has("userns"):
        mend = [f"{system.sudo}sed -i '/userns-remap/d' /etc/docker/daemon.json  # then restart the engine"]
        yield error("engine-userns", "the engine maps users (userns-remap)", MAPPED, mend)


def _plugins(engine: Engine, system: System) -> Iterator[Finding]:
    mend = install_engine(system)
    if engine.server is not None and system.family == "debian":  # it stays as it is
        compose, buildx = engine.compose is not None, engine.buildx is not None
        mend = install_plugins(system, compose=compose, buildx=buildx)
    if engine.passed_over:
        passed = ", ".join(engine.passed_over)
        yield info("engine-clients", f"{engine.client} is used: {passed}, earlier on PATH, has no Compose")
    if engine.compose is None and engine.standalone_compose:
        yield error(
            "compose-v1",
            f"only the old docker-compose {engine.standalone_compose}, no `docker compose`",
            f"Compose v1 does not know GPU reservations, optional env files or profiles. {NEEDED}.",
            mend,
        )
    elif engine.compose is None:
        causes = f"`docker compose` is not a command here. {NEEDED}."
        yield error("compose-missing", f"{engine.client} has no Compose plugin", causes, mend)
    elif not at_least(engine.compose, COMPOSE_FLOOR):
        causes = f"compose.yaml's `required: false` of env_file came with {COMPOSE_FLOOR}: it is refused"
        yield error("compose-too-old", f"Compose {engine.compose}", causes, install_engine(system))
    else:
        yield ok("compose", f"Compose {engine.compose}")
    if engine.buildx is None:
        causes = "the image needs BuildKit's mounts: the build stops at the first `RUN --mount`"
        yield error("buildx-missing", f"{engine.client} has no buildx plugin", causes, mend)
