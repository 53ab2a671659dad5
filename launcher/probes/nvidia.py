"""The NVIDIA driver and its GPUs, from the driver API, /proc and /sys; never from nvidia-smi's prose."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.loose import as_dict, as_int, as_list, as_str, parse
from launcher.versions import joined

if TYPE_CHECKING:
    from launcher.host import Completed, Host

CHILD = Path(__file__).with_name("driver_api.py")
CHILD_SECONDS = 10.0
NVIDIA_VENDOR = "0x10de"
DISPLAY_CLASSES = ("0x0300", "0x0302")


@dataclass(frozen=True)
class Gpu:
    """One device as CUDA sees it; memory in bytes, compute_mode as the driver numbers it."""

    index: int
    name: str
    capability: tuple[int, int]
    memory: int = 0
    compute_mode: int = 0

    @property
    def architecture(self) -> str:
        """As torch names it: (8, 6) -> "sm_86"."""
        return f"sm_{self.capability[0]}{self.capability[1]}"

    @property
    def label(self) -> str:
        """For a message: "GPU 0 NVIDIA A100 (sm_80)"."""
        return f"GPU {self.index} {self.name} ({self.architecture})"


@dataclass(frozen=True)
class Driver:
    """The loaded driver: its own version and the CUDA version that it speaks."""

    version: str | None
    cuda: tuple[int, int] | None
    wsl: bool = False

    @property
    def label(self) -> str:
        """For a message: "driver 535.183.01 (CUDA 12.2)"."""
        cuda = f" (CUDA {joined(self.cuda)})" if self.cuda else ""
        return f"driver {self.version or 'of unknown version'}{cuda}"


@dataclass(frozen=True)
class Nvidia:
    """All that can be seen of NVIDIA on this host.

    code is what cuInit returned (None: not asked); ending is how the child that asked ended: ok, crash or
    timeout.
    """

    driver: Driver | None = None
    gpus: tuple[Gpu, ...] = ()
    code: int | None = None
    nvml_code: int | None = None
    ending: str = "ok"
    library: str | None = None
    module: str | None = None
    cards: tuple[str, ...] = ()
    nouveau: bool = False
    uvm: bool = False
    device_files: tuple[str, ...] = ()
    mig: int = 0
    secure_boot: bool = False

    @property
    def library_version(self) -> str | None:
        """The version of the driver's user half, from its file's name."""
        found = re.search(r"\.so\.(\d+\.\d+(?:\.\d+)?)$", self.library or "")
        return found.group(1) if found else None


def look(host: Host, *, wsl: bool = False, wanted: str = "all") -> Nvidia:
    """What there is; the driver API is asked only where a card, a module or WSL's device hints at one.

    `wanted` keeps some of the GPUs, by nvidia-smi's numbers or by id: "0,2".
    """
    seen = Nvidia(
        module=_module_version(host),
        cards=_cards(host),
        nouveau=host.exists("/sys/module/nouveau"),
        uvm=host.exists("/dev/nvidia-uvm"),
        device_files=tuple(
            name for name in host.list_dir("/dev") if re.fullmatch(r"nvidia\d+|nvidiactl|dxg", name)
        ),
        secure_boot=_secure_boot(host),
    )
    if not (seen.module or seen.device_files or seen.cards):
        return seen
    return _with_answers(seen, host.ask([host.python, str(CHILD), wanted], CHILD_SECONDS), wsl=wsl)


def _with_answers(seen: Nvidia, child: Completed, *, wsl: bool) -> Nvidia:
    said = _answers(child.stdout)
    cuda, nvml = said.get("cuda", {}), said.get("nvml", {})
    version = as_str(nvml.get("driver")) or seen.module
    number = as_int(cuda.get("version"))
    api = (number // 1000, number % 1000 // 10) if number > 0 else None
    return replace(
        seen,
        driver=Driver(version, api, wsl) if version or api else None,
        gpus=tuple(gpu for gpu in map(_gpu, map(as_dict, as_list(cuda.get("gpus")))) if gpu),
        code=as_int(cuda.get("code")) if "code" in cuda else None,
        nvml_code=as_int(nvml.get("code")) if "code" in nvml else None,
        ending="timeout" if child.timed_out else "ok" if child.returncode == 0 else "crash",
        library=as_str(cuda.get("library")) or None,
        mig=max(as_int(nvml.get("mig")), 0),
    )


def _answers(output: str) -> dict[str, dict[str, Any]]:
    """The child's JSON lines put together; a line that is not one is passed over."""
    found: dict[str, dict[str, Any]] = {}
    for line in output.splitlines():
        found.update({key: as_dict(value) for key, value in parse(line).items()})
    return found


def _gpu(data: dict[str, Any]) -> Gpu | None:
    if as_int(data.get("major")) < 1 or as_int(data.get("minor")) < 0:
        return None
    name = as_str(data.get("name")) or "NVIDIA GPU"
    capability = (as_int(data["major"]), as_int(data["minor"]))
    return Gpu(
        as_int(data.get("index")),
        name,
        capability,
        as_int(data.get("memory")),
        as_int(data.get("compute_mode")),
    )


def _module_version(host: Host) -> str | None:
    """The loaded kernel half: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May ..."."""
    text = host.read_text("/proc/driver/nvidia/version") or host.read_text("/sys/module/nvidia/version") or ""
    found = re.search(r"\d{3,4}\.\d+(?:\.\d+)?", text, re.ASCII)
    return found.group() if found else None


def _cards(host: Host) -> tuple[str, ...]:
    """PCI addresses of NVIDIA display devices, driver or not."""
    folder = "/sys/bus/pci/devices"
    return tuple(
        name
        for name in host.list_dir(folder)
        if (host.read_text(f"{folder}/{name}/vendor") or "").strip() == NVIDIA_VENDOR
        and (host.read_text(f"{folder}/{name}/class") or "").startswith(DISPLAY_CLASSES)
    )


def _secure_boot(host: Host) -> bool:
    """The last byte of the firmware's SecureBoot variable."""
    folder = "/sys/firmware/efi/efivars"
    names = [name for name in host.list_dir(folder) if name.startswith("SecureBoot-")]
    return any((host.read_text(f"{folder}/{name}") or "").endswith("\x01") for name in names)
