"""NVIDIA's container toolkit: its version, its hook, and whether the engine may lose the GPU later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.versions import joined, numbers

if TYPE_CHECKING:
    from launcher.host import Host

CONFIG = "/etc/nvidia-container-runtime/config.toml"
NVIDIA_MAJOR = "195:"


@dataclass(frozen=True)
class Toolkit:
    """version None: not installed, or it does not say; hook: the program that `--gpus` needs."""

    installed: bool = False
    version: str | None = None
    hook: bool = False
    no_cgroups: bool = False
    char_links: bool = False


def look(host: Host) -> Toolkit:
    """What is installed; nothing is started but `--version`."""
    program = host.which("nvidia-ctk") or host.which("nvidia-container-cli")
    hook = host.which("nvidia-container-runtime-hook") is not None
    if program is None:
        return Toolkit(installed=hook, hook=hook)
    answer = host.ask([program, "--version"], 5)
    config = host.read_text(CONFIG) or ""
    return Toolkit(
        installed=True,
        version=joined(numbers(answer.stdout)) or None,
        hook=hook,
        no_cgroups=bool(re.search(r"^\s*no-cgroups\s*=\s*true", config, re.MULTILINE)),
        char_links=any(name.startswith(NVIDIA_MAJOR) for name in host.list_dir("/dev/char")),
    )
