"""What the user asked for: the environment laid over .env, checked once, before anything is done."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Optional

from launcher import dotenv
from launcher.errors import RequestError
from launcher.plan import PORTS, Plan, from_settings

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.host import Host
    from launcher.variants import Variants

CHOICES = {"ENGINE_INSTALL": ("auto", "never"), "BASE": ("auto", "pull", "build"), "FORMAT": ("text", "json")}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
SIZE = re.compile(r"\d+[kmg]b?", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """Checked settings; `asked` are the user's own, `decided` what an earlier `make up` wrote to .env."""

    plan: Plan
    name: str
    asked: Dict[str, str]
    decided: Dict[str, str]

    def get(self, key: str, default: str = "") -> str:
        """The user's own value, or the default."""
        return self.asked.get(key) or default

    def port(self, service: str) -> Optional[int]:
        """The port that the user gave to a service; None leaves the choice to us."""
        key = f"{service.upper()}_PORT"
        return self.plan.ports[service] if self.asked.get(key) else None


def load(host: Host, checkout: Path, variants: Variants) -> Settings:
    """Settings for this checkout, or RequestError naming the setting, what was found and what is accepted."""
    file = dotenv.read(checkout / ".env")
    asked = {**file.user, **{key: value for key, value in host.environ.items() if value}}
    for key, accepted in CHOICES.items():
        _one_of(key, asked.get(key), accepted)
    if asked.get("VARIANT"):
        _one_of("VARIANT", asked["VARIANT"], ("auto", *variants.rows))
    for service in PORTS:
        _port(f"{service.upper()}_PORT", asked.get(f"{service.upper()}_PORT"))
    if asked.get("SHM_SIZE") and not SIZE.fullmatch(asked["SHM_SIZE"]):
        raise RequestError(f"SHM_SIZE={asked['SHM_SIZE']}: accepted is a number and a unit, such as 8gb.")
    return Settings(
        from_settings(checkout, variants, asked), _name(asked, file, checkout), asked, file.decided
    )


def default_name(checkout: Path) -> str:
    """A name of this checkout's own, so that two of them never meet: "workbench-3f2a"."""
    slug = re.sub(r"[^a-z0-9]+", "-", checkout.name.lower()).strip("-")[:30] or "workbench"
    return f"{slug}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:4]}"


def _name(asked: dict[str, str], file: dotenv.DotEnv, checkout: Path) -> str:
    name = asked.get("NAME", "").lower() or file.decided.get("WORKBENCH_NAME") or default_name(checkout)
    if not NAME.fullmatch(name):
        raise RequestError(
            f"NAME={name}: accepted are small letters, digits, - and _, at most 41, not - first."
        )
    return name


def _one_of(key: str, value: Optional[str], accepted: tuple[str, ...]) -> None:
    if value and value not in accepted:
        raise RequestError(f"{key}={value}: accepted are {', '.join(accepted)}.")


def _port(key: str, value: Optional[str]) -> None:
    if value and not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise RequestError(f"{key}={value}: accepted is a port number, 1 to 65535.")
