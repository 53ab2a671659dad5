"""The commands that mend a host, for its distribution: what doctor prints and a person pastes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launcher.probes.system import System

DOCKER_SCRIPT = "curl -fsSL https://get.docker.com -o get-docker.sh && {sudo}sh get-docker.sh"
DOCKER_PACKAGES = "docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin"
DOCKER_REPOSITORY = "https://download.docker.com/linux/centos/docker-ce.repo"
OWN_PACKAGES = {
    "ubuntu": "docker.io docker-compose-v2 docker-buildx",
    "debian": "docker.io docker-cli docker-compose docker-buildx",
}
# compose and buildx, for an engine that is there
PLUGINS = {
    "docker-ce": ("docker-compose-plugin", "docker-buildx-plugin"),
    "ubuntu": ("docker-compose-v2", "docker-buildx"),
    "debian": ("docker-compose", "docker-buildx"),
}
# the first releases whose own packages are new enough
OLDEST = {"ubuntu": "22.04", "debian": "13"}
TOOLKIT = "https://nvidia.github.io/libnvidia-container"
KEYRING = "/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg"
DESKTOP_WSL = (
    "# in Windows: start Docker Desktop, then Settings > Resources > WSL integration: turn this one on",
    "# or install an engine inside WSL:",
)


def install_engine(system: System) -> list[str]:
    """Docker Engine 23+, Compose v2 and BuildKit, and the engine started."""
    head = list(DESKTOP_WSL) if system.wsl else []
    return [*head, *_engine_packages(system), start_engine(system)]


def _engine_packages(system: System) -> list[str]:
    sudo = system.sudo
    if system.docker_packages:
        return (
            _apt(sudo, DOCKER_PACKAGES)
            if system.family == "debian"
            else [f"{sudo}dnf install -y {DOCKER_PACKAGES}"]
        )
    own = {
        **{name: _apt(sudo, packages) for name, packages in OWN_PACKAGES.items()},
        "fedora": [f"{sudo}dnf install -y moby-engine docker-cli docker-compose docker-buildx"],
    }
    if system.distribution in own and not system.older_than(OLDEST.get(system.distribution, "0")):
        return own[system.distribution]
    return {
        "fedora": [
            f"{sudo}dnf install -y dnf-plugins-core",
            f"{sudo}dnf config-manager --add-repo {DOCKER_REPOSITORY}",
            f"{sudo}dnf install -y {DOCKER_PACKAGES}",
        ],
        "arch": [f"{sudo}pacman -S --needed docker docker-compose docker-buildx"],
        "suse": [f"{sudo}zypper install -y docker docker-compose docker-buildx"],
    }.get(system.family, [DOCKER_SCRIPT.format(sudo=sudo)])


def plugins(system: System, *, compose: bool, buildx: bool) -> tuple[str, ...]:
    """The packages of those that lack, from where the engine came; none where that is not known."""
    origin = {"docker-ce": "docker-ce", "docker.io": system.distribution}.get(system.engine_package, "")
    there = dict.fromkeys(PLUGINS.get(origin, ())[:1], compose)
    there.update(dict.fromkeys(PLUGINS.get(origin, ())[1:], buildx))
    return tuple(name for name, found in there.items() if not found)


def install_plugins(system: System, *, compose: bool, buildx: bool) -> list[str]:
    """What an engine that answers lacks; the engine itself stays."""
    names = plugins(system, compose=compose, buildx=buildx)
    by_hand = "# add Compose and buildx to this client: https://docs.docker.com/compose/install/linux/"
    return _apt(system.sudo, " ".join(names)) if names else [by_hand]


def _apt(sudo: str, packages: str) -> list[str]:
    return [f"{sudo}apt-get update", f"{sudo}apt-get install -y {packages}"]


def start_engine(system: System) -> str:
    """Start it now, and with every boot where systemd is there."""
    if system.systemd:
        return f"{system.sudo}systemctl enable --now docker"
    return f"{system.sudo}service docker start"


def restart_engine(system: System) -> str:
    """Restart it, so that it reads its configuration again."""
    return (
        f"{system.sudo}systemctl restart docker" if system.systemd else f"{system.sudo}service docker restart"
    )


def join_group(system: System) -> list[str]:
    """Let this user talk to the engine; the group takes effect in a new login."""
    if system.in_docker_group:
        return ["newgrp docker  # or log in again: you are in the group, this login is older"]
    return [f"sudo usermod -aG docker {system.user}", "newgrp docker"]


def install_driver(system: System) -> list[str]:
    """NVIDIA's driver; Windows has it where Linux runs in WSL."""
    if system.wsl:
        return [
            "# in Windows: install the driver from https://www.nvidia.com/drivers; install none inside WSL",
            "wsl.exe --update",
            "wsl.exe --shutdown",
        ]
    return [*_driver_packages(system), f"{system.sudo}reboot"]


def _driver_packages(system: System) -> list[str]:
    sudo = system.sudo
    if system.distribution == "fedora":
        fusion = "https://mirrors.rpmfusion.org/{0}/fedora/rpmfusion-{0}-release-$(rpm -E %fedora).noarch.rpm"
        return [
            f"{sudo}dnf install -y {fusion.format('free')} {fusion.format('nonfree')}",
            f"{sudo}dnf install -y akmod-nvidia xorg-x11-drv-nvidia-cuda",
        ]
    if system.family == "fedora":
        major = system.version.split(".")[0] or "9"
        repository = "https://developer.download.nvidia.com/compute/cuda/repos"
        return [
            f"{sudo}dnf config-manager --add-repo {repository}/rhel{major}/x86_64/cuda-rhel{major}.repo",
            f"{sudo}dnf install -y nvidia-open",
        ]
    if system.distribution == "ubuntu":
        return [*_apt(sudo, "ubuntu-drivers-common"), f"{sudo}ubuntu-drivers install"]
    if system.family == "debian":
        return [
            "# the components contrib, non-free and non-free-firmware must be in /etc/apt",
            *_apt(sudo, "linux-headers-$(uname -r) nvidia-driver firmware-misc-nonfree"),
        ]
    nvidia = "https://download.nvidia.com/opensuse/tumbleweed"
    return {
        "arch": [f"{sudo}pacman -S --needed nvidia-open nvidia-utils"],
        "suse": [
            f"{sudo}zypper addrepo --refresh {nvidia} NVIDIA",
            f"{sudo}zypper install-new-recommends --repo NVIDIA",
        ],
    }.get(system.family, ["# install the driver from https://www.nvidia.com/drivers"])


def install_toolkit(system: System) -> list[str]:
    """NVIDIA's container toolkit from NVIDIA's repository, and the engine told of it."""
    return [*_toolkit_packages(system), *configure_toolkit(system)]


def _toolkit_packages(system: System) -> list[str]:
    sudo, package = system.sudo, "nvidia-container-toolkit"
    repository = f"{TOOLKIT}/stable/rpm/{package}.repo"
    if system.family == "fedora":
        return [
            f"curl -fsSL {repository} | {sudo}tee /etc/yum.repos.d/{package}.repo",
            f"{sudo}dnf install -y {package}",
        ]
    if system.family == "suse":
        return [
            f"{sudo}zypper addrepo {repository}",
            f"{sudo}zypper --gpg-auto-import-keys install -y {package}",
        ]
    if system.family == "arch":
        return [f"{sudo}pacman -S --needed {package}"]
    if system.family == "debian":
        listed = f"{sudo}tee /etc/apt/sources.list.d/{package}.list"
        signed = f"sed 's#deb https://#deb [signed-by={KEYRING}] https://#'"
        return [
            f"curl -fsSL {TOOLKIT}/gpgkey | {sudo}gpg --dearmor --yes -o {KEYRING}",
            f"curl -fsSL {TOOLKIT}/stable/deb/{package}.list | {signed} | {listed}",
            *_apt(sudo, package),
        ]
    guide = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"
    return [f"# install nvidia-container-toolkit: {guide}"]


def configure_toolkit(system: System) -> list[str]:
    """Register the runtime with the engine."""
    return [f"{system.sudo}nvidia-ctk runtime configure --runtime=docker", restart_engine(system)]


def trust_ca(system: System) -> list[str]:
    """Add the company's certificate to what the host trusts."""
    sudo = system.sudo
    return {
        "debian": [
            f"{sudo}cp company-ca.crt /usr/local/share/ca-certificates/",
            f"{sudo}update-ca-certificates",
        ],
        "fedora": [f"{sudo}cp company-ca.crt /etc/pki/ca-trust/source/anchors/", f"{sudo}update-ca-trust"],
        "arch": [f"{sudo}trust anchor --store company-ca.crt"],
        "suse": [f"{sudo}cp company-ca.crt /etc/pki/trust/anchors/", f"{sudo}update-ca-certificates"],
    }.get(system.family, ["# add company-ca.crt to the certificates that this system trusts"])


def set_clock(system: System) -> list[str]:
    """Bring the clock back."""
    if system.wsl:
        return [f"{system.sudo}hwclock --hctosys", "# or in Windows: wsl.exe --shutdown"]
    if system.systemd:
        return [f"{system.sudo}timedatectl set-ntp true", "timedatectl status"]
    return [f'{system.sudo}date --utc --set "the right time"']
