"""The commands that mend a host are those of its distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.launcher.fakes import RELEASES, FakeHost, add_card, add_gpu, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.variants import Variants


def no_docker(host: FakeHost) -> None:
    host.programs["docker"] = []


def no_toolkit(host: FakeHost) -> None:
    add_gpu(host)
    del host.programs["nvidia-ctk"], host.programs["nvidia-container-runtime-hook"]


def untrusted(host: FakeHost) -> None:
    host.unreachable("tls", "huggingface")


ENGINE = {
    "debian": "sudo apt-get install -y docker.io docker-cli docker-compose docker-buildx",
    "ubuntu": "sudo apt-get install -y docker.io docker-compose-v2 docker-buildx",
    "fedora": "sudo dnf install -y moby-engine docker-cli docker-compose docker-buildx",
    "rhel": "sudo dnf config-manager --add-repo https://download.docker.com/linux/centos/docker-ce.repo",
    "arch": "sudo pacman -S --needed docker docker-compose docker-buildx",
    "suse": "sudo zypper install -y docker docker-compose docker-buildx",
    "generic": "curl -fsSL https://get.docker.com -o get-docker.sh && sudo sh get-docker.sh",
}
DRIVER = {
    "debian": "sudo apt-get install -y linux-headers-$(uname -r) nvidia-driver firmware-misc-nonfree",
    "ubuntu": "sudo ubuntu-drivers install",
    "fedora": "sudo dnf install -y akmod-nvidia xorg-x11-drv-nvidia-cuda",
    "rhel": "sudo dnf install -y nvidia-open",
    "arch": "sudo pacman -S --needed nvidia-open nvidia-utils",
    "suse": "sudo zypper install-new-recommends --repo NVIDIA",
    "generic": "# install the driver from https://www.nvidia.com/drivers",
}
TOOLKIT = {
    "debian": "sudo apt-get install -y nvidia-container-toolkit",
    "ubuntu": "sudo apt-get install -y nvidia-container-toolkit",
    "fedora": "sudo dnf install -y nvidia-container-toolkit",
    "rhel": "sudo dnf install -y nvidia-container-toolkit",
    "arch": "sudo pacman -S --needed nvidia-container-toolkit",
    "suse": "sudo zypper --gpg-auto-import-keys install -y nvidia-container-toolkit",
    "generic": "sudo nvidia-ctk runtime configure --runtime=docker",
}
CERTIFICATE = {
    "debian": "sudo update-ca-certificates",
    "ubuntu": "sudo update-ca-certificates",
    "fedora": "sudo update-ca-trust",
    "rhel": "sudo update-ca-trust",
    "arch": "sudo trust anchor --store company-ca.crt",
    "suse": "sudo cp company-ca.crt /etc/pki/trust/anchors/",
    "generic": "# add company-ca.crt to the certificates that this system trusts",
}
MENDS: dict[str, tuple[Callable[[FakeHost], None], dict[str, str]]] = {
    "engine-missing": (no_docker, ENGINE),
    "driver-missing": (add_card, DRIVER),
    "toolkit-missing": (no_toolkit, TOOLKIT),
    "tls-inspection": (untrusted, CERTIFICATE),
}


def mend(name: str, host: FakeHost, variants: Variants) -> tuple[str, ...]:
    (found,) = [finding for finding in diagnose(host, variants) if finding.id == name]
    return found.mend


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", MENDS)
def test_the_command_is_the_distributions_own(
    name: str, release: str, host: FakeHost, variants: Variants
) -> None:
    change, commands = MENDS[name]
    host.write("/etc/os-release", RELEASES[release])
    change(host)
    assert commands[release] in mend(name, host, variants)


@pytest.mark.parametrize("release", ['ID=debian\nVERSION_ID="12"\n', 'ID=ubuntu\nVERSION_ID="20.04"\n'])
def test_a_release_whose_packages_are_too_old_takes_dockers_own(
    release: str, host: FakeHost, variants: Variants
) -> None:
    host.write("/etc/os-release", release)
    no_docker(host)
    assert ENGINE["generic"] in mend("engine-missing", host, variants)


@pytest.mark.parametrize(
    ("release", "repository", "command"),
    [
        ("ubuntu", "/etc/apt/sources.list.d/docker.list", "sudo apt-get install -y docker-ce "),
        ("fedora", "/etc/yum.repos.d/docker-ce.repo", "sudo dnf install -y docker-ce "),
    ],
)
def test_dockers_own_packages_are_not_mixed_with_the_distributions(
    release: str, repository: str, command: str, host: FakeHost, variants: Variants
) -> None:
    host.write("/etc/os-release", RELEASES[release])
    host.write(repository, "")
    host.engine(ServerVersion="20.10.7")
    assert any(line.startswith(command) for line in mend("engine-too-old", host, variants))


def test_after_the_toolkit_the_engine_is_told_of_it(host: FakeHost, variants: Variants) -> None:
    no_toolkit(host)
    assert mend("toolkit-missing", host, variants)[-2:] == (
        "sudo nvidia-ctk runtime configure --runtime=docker",
        "sudo systemctl restart docker",
    )


def test_an_init_script_starts_the_engine_where_there_is_no_systemd(
    host: FakeHost, variants: Variants
) -> None:
    host.remove("/run/systemd/system/.keep")
    host.path("/run/systemd/system").rmdir()
    no_docker(host)
    assert mend("engine-missing", host, variants)[-1] == "sudo service docker start"


def test_wsl_gets_its_driver_from_windows(host: FakeHost, variants: Variants) -> None:
    host.write("/proc/version", "Linux version 5.15.167.4-microsoft-standard-WSL2")
    assert "wsl.exe --update" in mend("gpu-none", host, variants)


def test_a_path_with_a_blank_is_quoted(host: FakeHost, variants: Variants) -> None:
    host.write("/data/my texts/x", "")
    host.owners["/data"] = 7
    (found,) = [
        finding
        for finding in diagnose(host, variants, {"WORKSPACE": "/data/my texts"})
        if finding.id == "workspace-owner"
    ]
    assert found.mend == ("sudo chown -R 1000: '/data/my texts'",)


@pytest.mark.parametrize(
    ("container", "command"),
    [
        ("docker", "docker update --memory 16g --memory-swap 16g CONTAINER  # on the outer host"),
        ("lxc", "# raise the limit where this lxc container is set up"),
        ("", "sudo systemctl set-property user-1000.slice MemoryMax="),
    ],
)
def test_a_limit_is_lifted_where_it_was_set(
    container: str, command: str, host: FakeHost, variants: Variants
) -> None:
    host.write("/run/systemd/container", container)
    host.write("/sys/fs/cgroup/memory.max", "4294967296")
    assert mend("memory-limit", host, variants) == (command,)
