"""The package index that pip on this host was told to use, and to trust: a build here is to do so too."""

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
    found = _option(host, "index-url")
    return found if ADDRESS.fullmatch(found) and not on_this_machine(found) else None


def trusted(host: Host) -> tuple[str, ...]:
    """Hosts whose certificate pip does not check."""
    return tuple(_option(host, "trusted-host").split())


def _option(host: Host, name: str) -> str:
    """From the first file that has it; empty where none has."""
    said = (_said(host.read_text(path) or "", name) for path in _files(host))
    return next((text for text in said if text), "")


def _files(host: Host) -> list[str]:
    """The one that is read first wins."""
    named = host.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    folder = host.environ.get("XDG_CONFIG_HOME") or f"{host.home}/.config"
    return [*([named] if named else []), f"{folder}/pip/pip.conf", f"{host.home}/.pip/pip.conf", *SYSTEM]


def _said(text: str, name: str) -> str:
    r"""From "[global]\nindex-url = https://mirror.example/simple"; what pip cannot read says nothing."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""
    places = ((section, key) for section in ("install", "global") for key in (name, name.replace("-", "_")))
    return next((parser.get(*place) for place in places if parser.has_option(*place)), "").strip()
