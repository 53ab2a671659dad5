"""What the user asked for: the environment laid over .env, checked once, before anything is done."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from launcher import dotenv
from launcher.errors import RequestError
from launcher.plan import PORTS, Plan, from_settings
from launcher.probes import pip
from launcher.variants import AUTO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from launcher.host import Host
    from launcher.variants import Variants

CHOICES = {
    "ENGINE_INSTALL": ("auto", "never"),
    "BASE": ("auto", "pull", "build"),
    "FORMAT": ("text", "json"),
    "YES": ("0", "1"),
}
ADDRESS = (r"https?://[^\s\"'<>]+", "an address that begins with http:// or https://")
GPU = r"(\d+|GPU-[0-9a-f-]+|MIG-(GPU-)?[0-9a-f-]+(/\d+/\d+)?)"
PATTERNS = {
    "SHM_SIZE": (r"\d+(\.\d+)?[kmgKMG]i?[bB]?", "a number and a unit, such as 8gb"),
    "GPUS": (rf"all|{GPU}(,{GPU})*", "all, or numbers or ids such as 0,2"),
    "REGISTRY": (
        r"[\w.-]+(:\d+)?(/[\w./-]+)?",
        "a host name without https://, such as mirror.example/docker",
    ),
    "WORKSPACE": (r"(/|\.\.?(/|$))[^:]*", "an absolute path, or one that begins with ./ or ../"),
    **dict.fromkeys(("PYPI_INDEX", "TORCH_INDEX", "APT_MIRROR", "HF_ENDPOINT"), ADDRESS),
}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
# given once on the command line, they stay until another value comes: plain `docker compose up` needs them
REMEMBERED = ("BIND", "WORKSPACE", "SHM_SIZE", "GPUS")


@dataclass(frozen=True)
class Settings:
    """Checked settings.

    asked are the user's own; decided is what an earlier `make up` wrote to .env.
    """

    plan: Plan
    name: str
    asked: Mapping[str, str]
    decided: Mapping[str, str]

    def get(self, key: str, default: str = "") -> str:
        """The user's own value, or the default."""
        return self.asked.get(key) or default

    def port(self, service: str) -> int | None:
        """The port that the user gave to a service; None leaves the choice to us."""
        return self.plan.ports[service] if self.asked.get(f"{service.upper()}_PORT") else None

    def last_port(self, service: str) -> int | None:
        """The port of the last start."""
        last = self.decided.get(f"{service.upper()}_PORT", "")
        return int(last) if last.isascii() and last.isdigit() else None

    @property
    def remembered(self) -> dict[str, str]:
        """What the next start, and a plain `docker compose up`, must know."""
        found = {key: self.asked.get(key) or self.decided.get(key, "") for key in REMEMBERED}
        if found["WORKSPACE"]:
            found["WORKSPACE"] = str(self.plan.mount)
        return {key: value for key, value in found.items() if value}


def load(host: Host, checkout: Path, variants: Variants) -> Settings:
    """Settings for this checkout, or RequestError naming the setting, what was found and what is accepted."""
    file = dotenv.read(checkout / ".env")
    asked = {**file.user, **{key: value for key, value in host.environ.items() if value}}
    check(asked, variants)
    last = {key: file.decided[key] for key in REMEMBERED if key in file.decided}
    plan = from_settings(checkout, variants, {**last, **asked})
    trusted = tuple(asked.get("PIP_TRUSTED_HOST", "").split()) or pip.trusted(host)
    last_variant = file.decided.get("WORKBENCH_VARIANT", "")
    plan = replace(plan, index=plan.index or pip.index(host), trusted=trusted, last=last_variant)
    if asked.get("CA_BUNDLE"):
        _check_bundle(host, asked["CA_BUNDLE"], plan.cafile or "")
    name = _wanted_name(host, asked) or file.decided.get("WORKBENCH_NAME") or default_name(checkout)
    if not NAME.fullmatch(name):
        raise RequestError(
            f"NAME={name}: accepted are small letters, digits, - and _, at most 41, a letter or digit first."
        )
    return Settings(plan, name, asked, file.decided)


def check(asked: Mapping[str, str], variants: Variants) -> None:
    """RequestError for the first value that is not accepted."""
    choices: dict[str, tuple[str, ...]] = {**CHOICES, "VARIANT": (AUTO, *variants.rows)}
    for key, accepted in choices.items():
        if asked.get(key) and asked[key] not in accepted:
            raise RequestError(f"{key}={asked[key]}: accepted are {', '.join(accepted)}.")
    for key, (pattern, words) in PATTERNS.items():
        if asked.get(key) and not re.fullmatch(pattern, asked[key], re.ASCII):
            raise RequestError(f"{key}={asked[key]}: accepted is {words}.")
    for service in PORTS:
        _check_port(f"{service.upper()}_PORT", asked.get(f"{service.upper()}_PORT"))
    _check_address(asked.get("BIND"))


def default_name(checkout: Path) -> str:
    """A name of this checkout's own, so that two of them never meet: "workbench-3f2a"."""
    slug = re.sub(r"[^a-z0-9]+", "-", checkout.name.lower()).strip("-")[:30] or "workbench"
    return f"{slug}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:4]}"


def _wanted_name(host: Host, asked: Mapping[str, str]) -> str:
    """NAME in small letters; WSL sets NAME to the machine's, which nobody asked for."""
    name = asked.get("NAME", "").lower()
    machine = (host.read_text("/proc/sys/kernel/hostname") or "").strip().lower()
    return "" if asked.get("WSL_DISTRO_NAME") and name == machine else name


def _check_port(key: str, value: str | None) -> None:
    if value and not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise RequestError(f"{key}={value}: accepted is a port number, 1 to 65535.")


def _check_address(bind: str | None) -> None:
    try:
        ipaddress.ip_address(bind or "127.0.0.1")
    except ValueError as error:
        raise RequestError(
            f"BIND={bind}: accepted is an IP address of this machine, such as 0.0.0.0."
        ) from error


def _check_bundle(host: Host, asked: str, path: str) -> None:
    if "BEGIN CERTIFICATE" not in (host.read_text(path) or ""):
        raise RequestError(
            f"CA_BUNDLE={asked}: no certificates found in {path}. Accepted is a file in PEM format."
        )
