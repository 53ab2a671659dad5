"""Reads docker/requirements: what was asked for (*.in) and what was locked (*.txt)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.image.engine import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "docker" / "requirements"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def asked(name: str) -> list[Requirement]:
    """The requirements of one .in file: "rich  # colours" -> rich."""
    lines = (line.partition("#")[0].strip() for line in source(name).read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def locked(name: str) -> dict[str, str]:
    """Name and version of everything in one lock."""
    return {
        canonicalize_name(package): version for package, version in PINNED.findall(lock(name).read_text())
    }


def source(name: str) -> Path:
    """The .in file."""
    return FOLDER / f"{name}.in"


def lock(name: str) -> Path:
    """The lock made from it."""
    return FOLDER / f"{name}.txt"
