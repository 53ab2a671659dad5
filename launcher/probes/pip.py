"""The package index that pip on this host was told to use: a build here is to use it too."""

from __future__ import annotations

import configparser
import os
import re
from typing import TYPE_CHECKING

from launcher.addresses import on_this_machine

if TYPE_CHECKING:
    from launcher.host import Host

SYSTEM = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf")
ADDRESS = re.compile(r"https?://[^\s\[\]]+")


def index(host: Host) -> str | None:
    """From pip's configuration files, in pip's order; None leaves it to pip's default."""
    for path in _files(host):
        found = _index_url(host.read_text(path) or "")
        if found:
            return found if ADDRESS.fullmatch(found) and not on_this_machine(found) else None
    return None


def _files(host: Host) -> list[str]:
    """The one that is read first wins."""
    named = host.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    folder = host.environ.get("XDG_CONFIG_HOME") or f"{host.home}/.config"
    return [*([named] if named else []), f"{folder}/pip/pip.conf", f"{host.home}/.pip/pip.conf", *SYSTEM]


def _index_url(text: str) -> str:
    r"""From "[global]\nindex-url = https://mirror.example/simple"; what pip cannot read says nothing."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""
    places = ((section, key) for section in ("install", "global") for key in ("index-url", "index_url"))
    return next((parser.get(*place) for place in places if parser.has_option(*place)), "").strip()
