"""What doctor says of the engine, its client and its plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.host import Completed
from tests.launcher.fakes import GIB, SERVER, Case, FakeHost, confirm, diagnose, steps, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.variants import Variants

DENIED = (
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: "
    "dial unix /var/run/docker.sock: connect: permission denied"
)
DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
TOO_NEW = "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.41"


def plugins(**versions: str) -> dict[str, object]:
    rows = [{"Name": name, "Version": version} for name, version in versions.items()]
    return {"Version": "28.2.2", "Context": "default", "Plugins": rows}


def old_compose(host: FakeHost) -> None:
    host.commands["docker-compose version --short"] = "1.29.2\n"


def without(**plugin: str) -> Callable[[FakeHost], None]:
    """A client with these plugins only."""

    def change(host: FakeHost) -> None:
        host.engine(ClientInfo=plugins(**plugin))
        for name in {"compose", "buildx"} - set(plugin):
            host.commands = {
                key: said for key, said in host.commands.items() if not key.startswith(f"docker {name}")
            }

    return change


def no_docker(host: FakeHost) -> None:
    host.programs["docker"] = []


def bare_client_first(host: FakeHost) -> None:
    host.programs["docker"] = ["/usr/local/bin/docker", "/usr/bin/docker"]
    for words in ("info", "compose version", "buildx version"):
        host.commands[f"/usr/local/bin/docker {words}"] = Completed((), 1, "{}", DOWN)


def in_wsl(host: FakeHost) -> None:
    host.write("/proc/version", "Linux version 5.15.167.4-microsoft-standard-WSL2")
    host.remove("/run/systemd/system/.keep")
    host.path("/run/systemd/system").rmdir()


def podman(host: FakeHost) -> None:
    host.commands["docker info"] = '{"host": {"arch": "amd64"}, "store": {}, "version": {}}'
    host.commands["docker --version"] = "podman version 5.4.0"


def other_context(host: FakeHost) -> None:
    host.engine(ClientInfo={**SERVER["ClientInfo"], "Context": "far"})
    host.commands["docker context inspect"] = "ssh://ada@gpu.example\n"


CASES = [
    Case("no program called docker", no_docker, "engine-missing", "error", ("apt-get install -y docker.io",)),
    Case(
        "only Compose v1",
        steps(no_docker, old_compose),
        "engine-missing",
        "error",
        ("docker-compose 1.29.2",),
    ),
    Case(
        "nobody answers",
        lambda host: host.no_server(DOWN),
        "engine-stopped",
        "error",
        ("systemctl enable --now docker",),
    ),
    Case(
        "nobody answers in WSL2 without systemd",
        steps(in_wsl, lambda host: host.no_server(DOWN)),
        "engine-stopped",
        "error",
        ("Docker Desktop", "service docker start"),
    ),
    Case(
        "the socket is closed to us",
        lambda host: host.no_server(DENIED),
        "engine-permission",
        "error",
        ("sudo usermod -aG docker ada", "newgrp docker"),
    ),
    Case(
        "a login older than the group",
        steps(
            lambda host: host.no_server(DENIED),
            lambda host: host.write("/etc/group", "docker:x:999:bob,ada\n"),
        ),
        "engine-permission",
        "error",
        ("this login is older",),
    ),
    Case(
        "the engine hangs",
        lambda host: host.commands.update({"docker info": Completed((), -9, timed_out=True)}),
        "engine-hung",
        "error",
        ("journalctl -u docker",),
    ),
    Case("client too new", lambda host: host.no_server(TOO_NEW), "engine-api", "error", ("1.41",)),
    Case("an unknown complaint", lambda host: host.no_server("EOF"), "engine-unclear", "error", ("EOF",)),
    Case(
        "an engine from 2020",
        lambda host: host.engine(ServerVersion="20.10.24"),
        "engine-too-old",
        "error",
        ("23",),
    ),
    Case("Podman under docker's name", podman, "engine-podman", "error", ("Podman",)),
    Case(
        "the snap",
        lambda host: host.engine(DockerRootDir="/var/snap/docker/common"),
        "engine-snap",
        "warning",
        ("snap remove docker",),
    ),
    Case(
        "a rootless engine",
        lambda host: host.engine(SecurityOptions=["name=rootless"]),
        "engine-rootless",
        "error",
        ("cannot read its password and keys",),
    ),
    Case(
        "userns-remap",
        lambda host: host.engine(SecurityOptions=["name=userns"]),
        "engine-userns",
        "error",
        ("cannot read its password and keys", "daemon.json"),
    ),
    Case(
        "layers as full copies", lambda host: host.engine(Driver="vfs"), "engine-storage", "warning", ("vfs",)
    ),
    Case(
        "Windows containers",
        lambda host: host.engine(OSType="windows"),
        "engine-windows",
        "error",
        ("Linux",),
    ),
    Case(
        "DOCKER_HOST names another machine",
        lambda host: host.env.update(DOCKER_HOST="tcp://gpu.example:2375"),
        "engine-remote",
        "error",
        ("tcp://gpu.example:2375", "unset DOCKER_HOST"),
    ),
    Case("a context on another machine", other_context, "engine-remote", "error", ("ssh://ada@gpu.example",)),
    Case(
        "no Compose plugin",
        without(buildx="0.24"),
        "compose-missing",
        "error",
        ("docker-compose",),
    ),
    Case(
        "Compose v1 beside a client without Compose",
        steps(old_compose, without(buildx="0.24")),
        "compose-v1",
        "error",
        ("1.29.2",),
    ),
    Case(
        "Compose v2 of 2022",
        without(buildx="0.24", compose="v2.12.0"),
        "compose-too-old",
        "error",
        ("2.12.0", "required: false"),
    ),
    Case(
        "no buildx",
        without(compose="2.36.2"),
        "buildx-missing",
        "error",
        ("RUN --mount",),
    ),
]


@table(*CASES)
def test_it_explains(case: Case, host: FakeHost, variants: Variants) -> None:
    assert confirm(case, host, variants).mend


def test_a_healthy_engine_is_named_with_its_version(host: FakeHost, variants: Variants) -> None:
    found = {finding.id: finding.found for finding in diagnose(host, variants)}
    assert found["engine"] == "Docker Engine 28.2.2 answers"
    assert found["compose"] == "Compose 2.36.2"


def test_a_client_with_compose_is_preferred_to_an_earlier_one_without(
    host: FakeHost, variants: Variants
) -> None:
    bare_client_first(host)
    found = {finding.id: finding.found for finding in diagnose(host, variants)}
    assert found["engine"] == "Docker Engine 28.2.2 answers"
    assert (
        found["engine-clients"]
        == "/usr/bin/docker is used: /usr/local/bin/docker, earlier on PATH, has no Compose"
    )


def test_an_engine_on_this_machines_own_tcp_port_is_not_remote(host: FakeHost, variants: Variants) -> None:
    host.env["DOCKER_HOST"] = "tcp://127.0.0.1:2375"
    assert "engine-remote" not in {finding.id for finding in diagnose(host, variants)}


def test_docker_desktops_disk_is_not_looked_for_here(host: FakeHost, variants: Variants) -> None:
    host.engine(OperatingSystem="Docker Desktop", MemTotal=16 * GIB)
    found = {finding.id: finding.found for finding in diagnose(host, variants)}
    assert "disk-engine" not in found
    assert found["memory"] == "16.0 GiB of memory"


def test_root_needs_no_sudo(host: FakeHost, variants: Variants) -> None:
    host.user = 0
    no_docker(host)
    assert not [
        line for finding in diagnose(host, variants) for line in finding.mend if line.startswith("sudo")
    ]
