"""The archives that apt on this host uses; a host without apt has none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.host import Host

FOLDER = "/etc/apt/sources.list.d"
MIRROR_LIST = "mirror+file:"
FIELD = re.compile(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Archive:
    """One suite of one archive."""

    address: str
    suite: str
    components: tuple[str, ...]


def look(host: Host) -> list[Archive]:
    """Every archive that apt's lists name, in apt's order; addresses without a slash at the end.

    "deb [arch=amd64] http://mirror.example/debian trixie main" ->
    Archive("http://mirror.example/debian", "trixie", ("main",))
    """
    found: list[Archive] = []
    for path in ["/etc/apt/sources.list", *(f"{FOLDER}/{name}" for name in host.list_dir(FOLDER))]:
        text = host.read_text(path) or ""
        if path.endswith(".sources"):
            found += _stanzas(host, text)
        elif path.endswith(".list"):
            found += _lines(host, text)
    return found


def _lines(host: Host, text: str) -> Iterator[Archive]:
    for line in text.splitlines():
        words = re.sub(r"\[[^\]]*\]", " ", line.partition("#")[0]).split()
        if len(words) > 2 and words[0] == "deb":
            yield Archive(_address(host, words[1]), words[2], tuple(words[3:]))


def _stanzas(host: Host, text: str) -> Iterator[Archive]:
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", kept):
        fields = {key.lower(): value.split() for key, value in FIELD.findall(stanza)}
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"]) != ["no"]:
            for address in fields.get("uris", []):
                for suite in fields.get("suites", []):
                    yield Archive(_address(host, address), suite, tuple(fields.get("components", ())))


def _address(host: Host, address: str) -> str:
    """Cloud images name a file that lists mirrors; the first one in it."""
    if address.startswith(MIRROR_LIST):
        listed = (host.read_text(address[len(MIRROR_LIST) :]) or "").split()
        address = next((word for word in listed if word.startswith("http")), address)
    return address.rstrip("/")
