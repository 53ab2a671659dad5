"""Which system this is: distribution, WSL, systemd, a container around us, security modules, processor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.versions import numbers

if TYPE_CHECKING:
    from launcher.host import Host

FAMILIES = {
    "debian": {"debian", "ubuntu", "linuxmint", "pop", "raspbian", "kali"},
    "fedora": {"fedora", "rhel", "centos", "rocky", "almalinux", "ol", "amzn"},
    "arch": {"arch", "manjaro", "endeavouros"},
    "suse": {"suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"},
}
DOCKER_CE = "/var/lib/dpkg/info/docker-ce.list"
DOCKER_IO = "/var/lib/dpkg/info/docker.io.list"
DOCKER_REPOSITORIES = (
    "/etc/apt/sources.list.d/docker.list",
    "/etc/apt/sources.list.d/docker.sources",
    "/etc/yum.repos.d/docker-ce.repo",
    DOCKER_CE,
)


@dataclass(frozen=True)
class System:
    """What the exact commands depend on.

    family is debian, fedora, arch, suse or generic; wsl is 0, 1 or 2; container names what runs around us;
    docker_packages: Docker's own packages are in use, which shut the distribution's out; engine_package is
    the engine's, where it is known: docker-ce or docker.io.
    """

    kernel: str = "Linux"
    distribution: str = "generic"
    name: str = "an unknown distribution"
    version: str = ""
    family: str = "generic"
    wsl: int = 0
    systemd: bool = True
    container: str | None = None
    machine: str = "x86_64"
    selinux: bool = False
    avx2: bool = True
    is_root: bool = False
    user: str = "you"
    in_docker_group: bool = False
    docker_packages: bool = False
    engine_package: str = ""

    @property
    def sudo(self) -> str:
        """The prefix of a command that needs root."""
        return "" if self.is_root else "sudo "

    def older_than(self, floor: str) -> bool:
        """Whether the distribution's version is known and below `floor`."""
        return bool(numbers(self.version)) and numbers(self.version) < numbers(floor)


def look(host: Host) -> System:
    """The system under us; an unreadable file leaves its field at what most hosts have."""
    release = _release(host)
    distribution = release.get("ID", "generic").lower()
    return System(
        kernel=host.kernel,
        distribution=distribution,
        name=release.get("PRETTY_NAME") or release.get("NAME") or "an unknown distribution",
        version=release.get("VERSION_ID", ""),
        family=_family([distribution, *release.get("ID_LIKE", "").lower().split()]),
        wsl=_wsl(host),
        systemd=host.exists("/run/systemd/system"),
        container=_container(host),
        machine=host.machine,
        selinux=(host.read_text("/sys/fs/selinux/enforce") or "").strip() == "1",
        avx2=_avx2(host),
        is_root=host.is_root,
        user=host.username,
        in_docker_group=_in_group(host.read_text("/etc/group") or "", "docker", host.username),
        docker_packages=any(host.exists(path) for path in DOCKER_REPOSITORIES),
        engine_package=_engine_package(host),
    )


def _engine_package(host: Host) -> str:
    """Whose engine dpkg knows of; a docker.io that docker-ce replaced leaves its list behind."""
    known = {DOCKER_CE: "docker-ce", DOCKER_IO: "docker.io"}
    return next((name for path, name in known.items() if host.exists(path)), "")


def _in_group(text: str, group: str, user: str) -> bool:
    """What /etc/group says now; a login that is older does not know of it: "docker:x:999:ada,bob"."""
    rows = (line.split(":") for line in text.splitlines())
    return any(row[0] == group and user in row[-1].split(",") for row in rows)


def _release(host: Host) -> dict[str, str]:
    text = host.read_text("/etc/os-release") or host.read_text("/usr/lib/os-release") or ""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip(): value.strip().strip("\"'") for key, mark, value in pairs if mark}


def _family(names: list[str]) -> str:
    for name in names:
        for family, members in FAMILIES.items():
            if name in members:
                return family
    return "generic"


def _wsl(host: Host) -> int:
    """WSL2's kernel calls itself microsoft-standard-WSL2; WSL1 says only Microsoft."""
    text = host.read_text("/proc/version") or ""
    if not re.search("microsoft", text, re.IGNORECASE):
        return 0
    return 2 if "WSL2" in text or "microsoft-standard" in text else 1


def _container(host: Host) -> str | None:
    named = (host.read_text("/run/systemd/container") or "").strip()
    if named:
        return named.splitlines()[0][:40]
    for path, name in {"/.dockerenv": "docker", "/run/.containerenv": "podman", "/dev/lxd": "lxc"}.items():
        if host.exists(path):
            return name
    return None


def _avx2(host: Host) -> bool:
    flags = re.findall(r"^flags\s*:(.*)$", host.read_text("/proc/cpuinfo") or "", re.MULTILINE)
    return not flags or "avx2" in flags[0].split()
