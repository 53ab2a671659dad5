"""Findings about NVIDIA's container toolkit; of no interest where there is no GPU to hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.findings import Finding, error, ok, warning
from launcher.mends import configure_toolkit, install_toolkit, restart_engine
from launcher.variants import CPU
from launcher.versions import at_least

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts
    from launcher.probes.engine import Server

FLOOR = "1.17.8"
# from here on the engine is told every device itself, and a reload forgets none
RELOAD_SAFE = "1.18"
NO_GPU = "`make up` cannot hand the GPU on: 'could not select device driver \"nvidia\"'"
UDEV = (
    'ACTION=="add", DEVPATH=="/bus/pci/drivers/nvidia", '
    'RUN+="/usr/bin/nvidia-ctk system create-dev-char-symlinks --create-all"'
)


def check(facts: Facts) -> Iterator[Finding]:
    """Is it there, new enough, known to the engine, and will the GPU stay.

    A GPU that works on the host is taken by auto too, and then the start fails.
    """
    server = facts.engine.server
    if not facts.nvidia.gpus or facts.plan.variant == CPU:
        return
    if server is not None and server.desktop:
        yield from _desktop(facts)
        return
    if not facts.toolkit.installed:
        mend = install_toolkit(facts.system)
        yield error("toolkit-missing", "no NVIDIA container toolkit", NO_GPU, mend)
        return
    yield from _version(facts)
    if server is not None:
        yield from _configured(facts, server)
        yield from _cgroups(facts, server)


def _desktop(facts: Facts) -> Iterator[Finding]:
    """Docker Desktop hands the GPU on in WSL2, and nowhere else."""
    if facts.system.wsl:
        yield ok("toolkit", "Docker Desktop in WSL2 hands the GPU on by itself")
        return
    causes = "its virtual machine does not see the GPU"
    mend = ["docker context use default", "# with Docker Engine and NVIDIA's container toolkit installed"]
    yield error("gpu-desktop", "Docker Desktop on Linux", causes, mend)


def _version(facts: Facts) -> Iterator[Finding]:
    version = facts.toolkit.version
    if version is None or at_least(version, FLOOR):
        yield ok("toolkit", f"NVIDIA container toolkit {version or 'of unknown version'}")
        return
    causes = "a container can break out to the host through its hook (CVE-2025-23266)"
    mend = install_toolkit(facts.system)
    yield warning(
        "toolkit-too-old", f"NVIDIA container toolkit {version}; {FLOOR} or newer is safe", causes, mend
    )


def _configured(facts: Facts, server: Server) -> Iterator[Finding]:
    if "nvidia" in server.runtimes or any(device.startswith("nvidia.com/gpu") for device in server.cdi):
        return
    found = f"the engine's runtimes are {', '.join(server.runtimes) or 'unknown'}: nvidia is not among them"
    mend = configure_toolkit(facts.system)
    if facts.toolkit.hook:
        causes = f"the GPU works only if the engine was restarted after the toolkit came; else {NO_GPU}"
        yield warning("toolkit-not-configured", found, causes, mend)
        return
    yield error("toolkit-not-configured", found, NO_GPU, mend)


def _cgroups(facts: Facts, server: Server) -> Iterator[Finding]:
    toolkit, system, rootless = facts.toolkit, facts.system, server.has("rootless")
    if toolkit.no_cgroups and not rootless:
        turn_off = "nvidia-ctk config --set nvidia-container-cli.no-cgroups=false --in-place"
        causes = (
            "the container gets the device files but not the right to use them: 'Unknown Error' from NVML"
        )
        mend = [f"{system.sudo}{turn_off}", restart_engine(system)]
        yield warning("toolkit-no-cgroups", "no-cgroups is on, and the engine is not rootless", causes, mend)
    safe = toolkit.char_links or at_least(toolkit.version, RELOAD_SAFE)
    if server.cgroup_driver == "systemd" and not safe and not rootless and not system.wsl:
        mend = [
            f"{system.sudo}nvidia-ctk system create-dev-char-symlinks --create-all",
            f"echo '{UDEV}' | {system.sudo}tee /etc/udev/rules.d/71-nvidia-dev-char.rules",
        ]
        found = "systemd manages the engine's cgroups, and /dev/char has no links to the GPUs"
        lost = "'Failed to initialize NVML: Unknown Error'"
        causes = f"after `systemctl daemon-reload` containers lose the GPU: {lost}"
        yield warning("gpu-lost-on-reload", found, causes, mend)
