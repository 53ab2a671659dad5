"""Compares dotted version numbers as programs print them."""

from __future__ import annotations

import re


def numbers(text: str | None) -> tuple[int, ...]:
    """The first dotted number: "Docker version 28.2.2, build e6" -> (28, 2, 2); nothing found -> ()."""
    found = re.search(r"[0-9]{1,9}(?:\.[0-9]{1,9})*", text or "", re.ASCII)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def at_least(found: str | None, floor: str) -> bool:
    """Whether `found` is `floor` or newer; what cannot be read meets nothing."""
    return _padded(found) >= _padded(floor) if numbers(found) else False


def _padded(text: str | None) -> tuple[int, ...]:
    return (*numbers(text), 0, 0, 0, 0)[:4]


def joined(parts: tuple[int, ...]) -> str:
    """(12, 8) -> "12.8"."""
    return ".".join(str(part) for part in parts)
