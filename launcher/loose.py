"""Takes apart JSON that another program wrote: whatever is not of the wanted type reads as empty."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> dict[str, Any]:
    """The object in `text`; {} where it holds none."""
    try:
        return as_dict(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def as_dict(value: object) -> dict[str, Any]:
    """The value, or {}."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value, or []."""
    return value if isinstance(value, list) else []


def as_str(value: object) -> str:
    """The value, or ""."""
    return value if isinstance(value, str) else ""


def as_int(value: object) -> int:
    """The value, or -1."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
