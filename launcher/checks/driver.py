"""Findings about NVIDIA's driver: is it there, loaded, whole, and does it answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.findings import ERROR, INFO, WARNING, Finding, finding, ok
from launcher.mends import install_driver
from launcher.variants import AUTO, CPU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts

# what cuInit and nvmlInit return
NO_DEVICE, STUB, FABRIC, MISMATCH, NVML_MISMATCH = 100, 34, 802, 803, 18
ON_CPU = "the GPU stays unused: everything runs on the CPU, many times slower"


def severity(facts: Facts) -> str:
    """How bad a GPU that does not fit is: it depends on whether one was asked for."""
    return {AUTO: WARNING, CPU: INFO}.get(facts.plan.variant, ERROR)


def _blocking(facts: Facts) -> str:
    """How bad a GPU is that is here and does not answer: auto goes on only where the last start did, too."""
    plan = facts.plan
    if plan.variant == AUTO and (plan.expects_gpu or plan.last != CPU):
        return ERROR
    return severity(facts)


def check(facts: Facts) -> Iterator[Finding]:
    """The first thing in the way of the driver, or that it answers; one cause has many symptoms."""
    seen, system = facts.nvidia, facts.system
    if system.wsl == 1:
        mend = ["wsl.exe --set-version Ubuntu 2  # the name as `wsl.exe --list` shows it"]
        yield finding("wsl-1", ERROR, "this is WSL 1", "it runs no engine and sees no GPU", mend)
        return
    if not (seen.cards or seen.module or seen.device_files):
        yield _none(facts)
        return
    in_the_way = _not_loaded(facts) or _broken(facts) or _refused(facts)
    if in_the_way is not None:
        yield in_the_way
    elif seen.driver is not None:
        yield ok("driver", f"NVIDIA {seen.driver.label} answers, {len(seen.gpus)} GPU(s)")
    if system.wsl and seen.library and "/wsl/" not in seen.library:
        mend = [f"{system.sudo}apt-get purge -y '*nvidia*'", "wsl.exe --shutdown"]
        causes = "it hides Windows' driver, and CUDA fails or sees an old version"
        found = f"a Linux driver is installed inside WSL: {seen.library}"
        yield finding("driver-inside-wsl", severity(facts), found, causes, mend)


def _none(facts: Facts) -> Finding:
    asked = facts.plan.expects_gpu
    causes = ON_CPU if asked else "the cpu variant is taken: same environment, same code"
    mend = ["make up VARIANT=cpu"] if asked else []
    if asked and facts.plan.gpus != "all":
        mend = ["make up GPUS=all  # takes the cpu variant"]
    if facts.system.wsl:
        mend = install_driver(facts.system)
    return finding("gpu-none", ERROR if asked else INFO, "no NVIDIA GPU", causes, mend)


def _not_loaded(facts: Facts) -> Finding | None:
    """There is a card, and no kernel module of NVIDIA's drives it."""
    seen, system, status = facts.nvidia, facts.system, _blocking(facts)
    if seen.module or system.wsl:
        return None
    if seen.nouveau:
        return _nouveau(facts)
    if seen.library is None:
        found = f"{_cards(facts)}, no driver"
        return finding("driver-missing", status, found, ON_CPU, install_driver(system))
    if seen.secure_boot:
        return _secure_boot(facts)
    mend = [
        f"{system.sudo}modprobe nvidia",
        f"{system.sudo}dkms autoinstall  # after a new kernel, then reboot",
    ]
    found = f"{_cards(facts)}, driver {seen.library_version or ''} installed, its module not loaded"
    return finding("driver-not-loaded", status, found, ON_CPU, mend)


def _cards(facts: Facts) -> str:
    return f"{len(facts.nvidia.cards) or 'a'} NVIDIA card(s)"


def _nouveau(facts: Facts) -> Finding:
    """The kernel's own driver has the card."""
    system = facts.system
    blacklist = f"printf 'blacklist nouveau\\noptions nouveau modeset=0\\n' | {system.sudo}tee"
    mend = [
        f"{blacklist} /etc/modprobe.d/blacklist-nouveau.conf",
        _initramfs(facts),
        *install_driver(system),
    ]
    found = f"{_cards(facts)}, driven by nouveau"
    return finding("driver-nouveau", _blocking(facts), found, f"nouveau knows no CUDA; {ON_CPU}", mend)


def _secure_boot(facts: Facts) -> Finding:
    """The firmware lets no module in that nobody signed."""
    system = facts.system
    key = "/var/lib/shim-signed/mok/MOK.der" if system.distribution == "ubuntu" else "/var/lib/dkms/mok.pub"
    mend = [
        f"{system.sudo}mokutil --import {key}",
        f"{system.sudo}reboot  # then 'Enroll MOK' in the blue menu",
    ]
    found = f"{_cards(facts)}, driver installed, its module not loaded, Secure Boot on"
    causes = f"the firmware's key list refuses the module; {ON_CPU}"
    return finding("driver-secure-boot", _blocking(facts), found, causes, mend)


def _initramfs(facts: Facts) -> str:
    sudo = facts.system.sudo
    rebuild = {"debian": "update-initramfs -u", "arch": "mkinitcpio -P"}.get(
        facts.system.family, "dracut --force"
    )
    return f"{sudo}{rebuild}"


def _broken(facts: Facts) -> Finding | None:
    """The module is loaded, and its user half is absent, of another version, or does not come back."""
    seen, system, status = facts.nvidia, facts.system, _blocking(facts)
    reboot = (f"{system.sudo}reboot",)
    if seen.ending == "timeout":
        causes = f"every CUDA program hangs, also in the container; {ON_CPU}"
        return finding("driver-hung", status, "the driver took the call and gave no answer", causes, reboot)
    if seen.ending == "crash":
        causes = f"every CUDA program crashes; {ON_CPU}"
        mend = [f"{system.sudo}dmesg | grep -i -E 'nvrm|xid'", *reboot]
        return finding(
            "driver-crashed", status, "asking the driver took the asking process down", causes, mend
        )
    if seen.code == STUB or "/stubs/" in (seen.library or ""):
        found = f"libcuda is the toolkit's stub: {seen.library}"
        return finding("driver-stub", status, found, "no program finds the GPU", ("unset LD_LIBRARY_PATH",))
    if seen.library is None:
        found = f"kernel module {seen.module or ''}, but no libcuda.so.1"
        return finding("driver-half", status, found, ON_CPU, install_driver(system))
    user = seen.library_version
    differ = seen.module is not None and user is not None and user != seen.module
    if differ or seen.code == MISMATCH or seen.nvml_code == NVML_MISMATCH:
        found = f"kernel module {seen.module or 'unknown'}, libraries {user or 'of another version'}"
        causes = f"'Driver/library version mismatch' in nvidia-smi and in every container; {ON_CPU}"
        return finding("driver-mismatch", status, found, causes, reboot)
    return None


def _refused(facts: Facts) -> Finding | None:
    """The driver answers, and what it says is no."""
    seen, system, status = facts.nvidia, facts.system, _blocking(facts)
    if seen.code == FABRIC:
        mend = [f"{system.sudo}systemctl enable --now nvidia-fabricmanager"]
        found = "the driver waits for the fabric manager (cuInit: 802)"
        causes = f"GPUs joined by NVSwitch need it, in the driver's very version; {ON_CPU}"
        return finding("gpu-fabric-manager", status, found, causes, mend)
    if seen.mig and not seen.gpus:
        mend = [f"{system.sudo}nvidia-smi mig -cgi 0 -C", f"# or {system.sudo}nvidia-smi -mig 0"]
        return finding(
            "gpu-mig-empty", status, "MIG is on and has no instance", f"CUDA sees no GPU; {ON_CPU}", mend
        )
    if seen.code not in {0, None} and not seen.uvm and not system.wsl:
        mend = [f"{system.sudo}nvidia-modprobe -u -c=0"]
        found = f"/dev/nvidia-uvm is missing (cuInit: {seen.code})"
        return finding("gpu-uvm", status, found, f"CUDA does not start; {ON_CPU}", mend)
    if _hidden(facts):
        found = f"GPUS={facts.plan.gpus}: the driver shows {len(seen.gpus) or 'none'} of them"
        mend = ["nvidia-smi -L  # the numbers and ids that there are", "make up GPUS=all"]
        return finding("gpus", status, found, "the container does not start without them", mend)
    if seen.code not in {0, None} or not seen.gpus:
        found = f"the driver shows no GPU (cuInit: {seen.code})"
        mend = [f"{system.sudo}dmesg | grep -i -E 'nvrm|xid'", f"{system.sudo}reboot"]
        return finding("gpu-lost", status, found, ON_CPU, mend)
    return None


def _hidden(facts: Facts) -> bool:
    """Whether GPUS names one that is not here; of several slices CUDA shows only the first."""
    seen, asked = facts.nvidia, facts.plan.gpus.split(",")
    wanted = 1 if seen.mig or facts.plan.gpus.startswith("MIG") else len(asked)
    return asked != ["all"] and seen.code in {0, NO_DEVICE} and len(seen.gpus) < wanted
