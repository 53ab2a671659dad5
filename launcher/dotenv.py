"""Reads .env, and keeps one marked block in it: what `make up` decided, where `docker compose` finds it by itself.

Everything outside the block is the user's and is never changed.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict

from launcher.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BEGIN = "# >>> written by `make up`; lines above and below are yours"
END = "# <<< written by `make up`"
LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True)
class DotEnv:
    """The two halves of the file."""

    user: Dict[str, str]
    decided: Dict[str, str]


def read(path: Path) -> DotEnv:
    """Both halves; empty where there is no file. RequestError names a line that is not NAME=value."""
    user: dict[str, str] = {}
    decided: dict[str, str] = {}
    target = user
    for number, line in enumerate(_lines(path), start=1):
        if line.strip() in {BEGIN, END}:
            target = decided if line.strip() == BEGIN else user
        elif line.strip() and not line.lstrip().startswith("#"):
            name, value = _pair(line, f"{path.name}:{number}")
            target[name] = value
    return DotEnv(user, decided)


def write(path: Path, decided: Mapping[str, str]) -> bool:
    """Put `decided` into the block, keep every other line; True when the file changed."""
    before = _lines(path)
    kept: list[str] = []
    inside = False
    for line in before:
        inside = inside or line.strip() == BEGIN
        if not inside:
            kept.append(line)
        if line.strip() == END:
            inside = False
    block = [BEGIN, *(f"{name}={_quoted(value)}" for name, value in decided.items()), END]
    after = [*kept, *block]
    if after == before:
        return False
    replace(path, "\n".join(after) + "\n", mode=0o600)
    return True


def replace(path: Path, text: str, mode: int) -> None:
    """Write a file in one step: a reader, or a crash, sees the old text or the new one, never a part."""
    path = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: not UTF-8 (byte {error.start}). Save it as UTF-8.") from error


def _pair(line: str, where: str) -> tuple[str, str]:
    found = LINE.match(line)
    if not found:
        raise RequestError(f"{where}: {line.strip()!r} found; accepted is NAME=value, or # and a remark.")
    name, value = found.groups()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return name, value[1:-1]
    return name, re.sub(r"\s+#.*$", "", value)


def _quoted(value: str) -> str:
    """A value as compose reads it back: quoted where a blank, # or $ would be misread."""
    return f"'{value}'" if re.search(r"[\s#$\"']", value) else value
