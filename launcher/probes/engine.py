"""The container engine: which client on PATH has Compose v2, whether the server answers, how it is set up.

`docker` may be several programs: a bare client in one folder of PATH, the distribution's in another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from launcher.loose import as_dict, as_int, as_list, as_str, parse
from launcher.versions import numbers

if TYPE_CHECKING:
    from launcher.host import Completed, Host

INFO = ("info", "--format", "{{json .}}")
SECONDS = 8.0
CONTAINERD_CONFIG = "/etc/containerd/config.toml"


@dataclass(frozen=True)
class Server:
    """What the engine says of itself."""

    version: str = ""
    root_dir: str = "/var/lib/docker"
    image_dir: str = "/var/lib/docker"
    cgroup_driver: str = ""
    runtimes: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    system: str = ""
    storage: str = ""
    os_type: str = "linux"
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    mirrors: tuple[str, ...] = ()
    cdi: tuple[str, ...] = ()
    memory: int = 0

    def has(self, option: str) -> bool:
        """Whether a security option is on: rootless, userns, selinux."""
        return any(entry.startswith(f"name={option}") for entry in self.security)

    @property
    def desktop(self) -> bool:
        """Docker Desktop: the engine lives in a virtual machine of its own."""
        return "Docker Desktop" in self.system


@dataclass(frozen=True)
class Engine:
    """The client to use and the server behind it.

    problem is empty where the server answers, else missing, podman, permission, stopped, hung, api or other.
    """

    client: str | None = None
    compose: str | None = None
    buildx: str | None = None
    passed_over: tuple[str, ...] = ()
    standalone_compose: str | None = None
    endpoint: str = ""
    problem: str = "missing"
    said: str = ""
    server: Server | None = None

    @property
    def remote(self) -> bool:
        """Whether the server is on another machine, which sees none of our folders."""
        scheme, _, rest = self.endpoint.partition("://")
        loopback = rest.startswith(("localhost", "127.", "[::1]"))
        return scheme == "ssh" or (scheme in {"tcp", "http", "https"} and not loopback)

    @property
    def snap(self) -> bool:
        """Whether it is Ubuntu's snap, which sees only a part of the file system."""
        root = self.server.root_dir if self.server else ""
        return root.startswith("/var/snap/") or (self.client or "").startswith("/snap/")


def look(host: Host) -> Engine:
    """The first client on PATH that has Compose v2, else the first one; nothing found is a problem too."""
    standalone = _version(host.ask(["docker-compose", "version", "--short"], SECONDS))
    paths = host.which_all("docker")
    if not paths:
        return Engine(standalone_compose=standalone)
    engines = [_ask(host, path, standalone) for path in paths]
    taken = next((engine for engine in engines if engine.compose), engines[0])
    earlier = engines[: engines.index(taken)]
    others = tuple(engine.client or "" for engine in earlier)
    return Engine(**{**vars(taken), "passed_over": others})


def _ask(host: Host, path: str, standalone: str | None) -> Engine:
    info = host.ask([path, *INFO], SECONDS)
    data = parse(info.stdout)
    client = as_dict(data.get("ClientInfo"))
    plugins = {
        str(row.get("Name")): as_str(row.get("Version"))
        for row in map(as_dict, as_list(client.get("Plugins")))
    }
    podman = {"host", "store"} <= set(data) or "podman" in host.ask(
        [path, "--version"], SECONDS
    ).output.lower()
    server = _server(host, data) if as_str(data.get("ServerVersion")) else None
    return Engine(
        client=path,
        compose=plugins.get("compose")
        or _version(host.ask([path, "compose", "version", "--short"], SECONDS)),
        buildx=plugins.get("buildx") or _version(host.ask([path, "buildx", "version"], SECONDS)),
        standalone_compose=standalone,
        endpoint=_endpoint(host, path, as_str(client.get("Context"))),
        problem="podman" if podman else "" if server else _problem(info, data),
        said=_complaint(info, data),
        server=None if podman else server,
    )


def _problem(info: Completed, data: dict[str, Any]) -> str:
    if info.timed_out:
        return "hung"
    said = _complaint(info, data).lower()
    marks = {
        "permission denied": "permission",
        "api version": "api",
        "cannot connect": "stopped",
        "daemon running": "stopped",
        "connection refused": "stopped",
        "no such file": "stopped",
    }
    return next((problem for mark, problem in marks.items() if mark in said), "other")


def _complaint(info: Completed, data: dict[str, Any]) -> str:
    """One line of what went wrong; older clients put it into the JSON, newer ones on stderr too."""
    lines = [*map(str, as_list(data.get("ServerErrors"))), *info.stderr.splitlines()]
    spoken = [" ".join(line.split()) for line in lines if line.strip()]
    return spoken[0][:300] if spoken else f"no error text, exit code {info.returncode}"


def _server(host: Host, data: dict[str, Any]) -> Server:
    registries = as_dict(data.get("RegistryConfig"))
    root = as_str(data.get("DockerRootDir")) or "/var/lib/docker"
    devices = [as_str(as_dict(row).get("ID")) for row in as_list(data.get("DiscoveredDevices"))]
    return Server(
        version=as_str(data.get("ServerVersion")),
        root_dir=root,
        image_dir=_image_dir(host, data) or root,
        cgroup_driver=as_str(data.get("CgroupDriver")),
        runtimes=tuple(sorted(as_dict(data.get("Runtimes")))),
        security=tuple(map(str, as_list(data.get("SecurityOptions")))),
        system=as_str(data.get("OperatingSystem")),
        storage=as_str(data.get("Driver")),
        os_type=as_str(data.get("OSType")) or "linux",
        http_proxy=as_str(data.get("HttpProxy")),
        https_proxy=as_str(data.get("HttpsProxy")),
        no_proxy=as_str(data.get("NoProxy")),
        mirrors=tuple(map(str, as_list(registries.get("Mirrors")))),
        cdi=tuple(device for device in devices if device),
        memory=max(as_int(data.get("MemTotal")), 0),
    )


def _image_dir(host: Host, data: dict[str, Any]) -> str:
    """Where containerd keeps the images; empty where the engine itself does."""
    if ["driver-type", "io.containerd.snapshotter.v1"] not in as_list(data.get("DriverStatus")):
        return ""
    named = re.search(r"^root\s*=\s*[\"'](.+)[\"']", host.read_text(CONTAINERD_CONFIG) or "", re.MULTILINE)
    folder = named.group(1) if named else "/var/lib/containerd"
    return folder if host.exists(folder) else ""


def _endpoint(host: Host, path: str, context: str) -> str:
    """Where the server is: DOCKER_HOST, else what the client's context says."""
    if host.environ.get("DOCKER_HOST"):
        return host.environ["DOCKER_HOST"]
    if context in {"", "default"}:
        return ""
    return host.ask(
        [path, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], SECONDS
    ).stdout.strip()


def _version(answer: Completed) -> str | None:
    """The version in a program's answer: "github.com/docker/buildx 0.13.1 x" -> "0.13.1"."""
    found = ".".join(map(str, numbers(answer.stdout))) if answer.ok else ""
    return found or None
