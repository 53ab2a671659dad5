"""Debian's packages on this host: which archive apt uses, and how packages are installed with progress."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.console import Console, Work, follow
from launcher.errors import HostNotReady

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from launcher.host import Host

FOLDER = "/etc/apt/sources.list.d"
MIRROR_LIST = "mirror+file:"
OPTIONS = (
    "-q",
    "--option=Acquire::Retries=1",
    "--option=Acquire::http::Timeout=10",
    "--option=Acquire::https::Timeout=10",
    "--option=DPkg::Lock::Timeout=120",  # a fresh cloud machine upgrades itself at first
)


@dataclass(frozen=True)
class Archive:
    """One suite of one archive."""

    address: str
    suite: str
    components: tuple[str, ...]


def archives(host: Host) -> list[Archive]:
    """Every archive that apt's lists name, in apt's order.

    "deb [arch=amd64] http://mirror.example/debian trixie main" ->
    Archive("http://mirror.example/debian", "trixie", ("main",))
    """
    names = [f"{FOLDER}/{name}" for name in host.list_dir(FOLDER)]
    found: list[Archive] = []
    for path in ["/etc/apt/sources.list", *names]:
        text = host.read_text(path) or ""
        found += _stanzas(host, text) if path.endswith(".sources") else _lines(host, text)
    return found


def debian(host: Host, mirror: str | None) -> str:
    """The address of Debian's archive: below the user's mirror, else the one that this host uses."""
    if mirror:
        return f"{mirror.rstrip('/')}/debian"
    main = [one for one in archives(host) if "main" in one.components and not one.suite.endswith("-security")]
    ranked = sorted(main, key=lambda one: "debian" not in one.address)
    if not ranked:
        raise HostNotReady(
            "no Debian archive is named in /etc/apt. Name a mirror: make up APT_MIRROR=http://mirror.example"
        )
    return ranked[0].address


def install(host: Host, console: Console, packages: Sequence[str], env: Mapping[str, str]) -> None:
    """Install, as root, without asking."""
    environment = {"DEBIAN_FRONTEND": "noninteractive", **env}
    for words in (["update"], ["--yes", "install", "--no-install-recommends", *packages]):
        follow(host, console, Work(["apt-get", *OPTIONS, *words], environment))


def _lines(host: Host, text: str) -> Iterator[Archive]:
    for line in text.splitlines():
        words = re.sub(r"\[[^\]]*\]", " ", line.partition("#")[0]).split()
        if len(words) > 2 and words[0] == "deb":
            yield Archive(_address(host, words[1]), words[2], tuple(words[3:]))


def _stanzas(host: Host, text: str) -> Iterator[Archive]:
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", kept):
        fields = {
            key.lower(): value.split()
            for key, value in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        }
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
