"""`make status`: what runs, how it is, and how to get in; as text or as JSON with fixed keys."""

from __future__ import annotations

import json
import sys
from typing import IO, TYPE_CHECKING, Any

from launcher import access, start
from launcher.docker import health
from launcher.render import writable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.verbs import Verbs

KEY_WIDTH = 23


def run(verbs: Verbs, out: IO[str] | None = None) -> int:
    """0 when all is healthy, else 1."""
    found = document(verbs)
    if verbs.settings.get("FORMAT") == "json":
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    else:
        text = "".join(f"{key:<{KEY_WIDTH}}{value}\n" for key, value in flat(found).items())
    out = out or sys.stdout
    out.write(writable(text, out))
    return 0 if set(found["health"].values()) == {"healthy"} else 1


def document(verbs: Verbs) -> dict[str, Any]:
    """Everything that FORMAT=json prints; paths are absolute."""
    containers = verbs.docker().containers()
    asked = [start.SERVE] if start.SERVE in containers else []
    ways: dict[str, dict[str, Any]] = {}
    for key, value in access.ways(verbs.settings, verbs.state).items():
        group, _, name = key.partition(".")
        if group == start.SERVE and not asked:
            continue  # nobody asked for it, so it is nowhere
        ways.setdefault(group, {})[name] = int(value) if name == "port" and value.isdigit() else value
    decided = verbs.decided
    return {
        "name": decided["WORKBENCH_NAME"],
        "variant": decided["WORKBENCH_VARIANT"],
        "reason": decided["WORKBENCH_REASON"],
        "image": decided["WORKBENCH_IMAGE"],
        "health": {service: health(containers.get(service)) for service in (*start.SERVICES, *asked)},
        **ways,
    }


def flat(found: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """{"ssh": {"port": 2222}} -> {"ssh.port": "2222"}."""
    lines: dict[str, str] = {}
    for key, value in found.items():
        lines.update(
            flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": str(value)}
        )
    return lines
