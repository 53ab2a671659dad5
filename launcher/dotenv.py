"""Reads .env, and keeps one marked block in it: what `make up` decided, for `docker compose` to find.

Everything outside the block is the user's and is never changed.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher import textfile
from launcher.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BEGIN = "# >>> written by `make up`; lines above and below are yours"
END = "# <<< written by `make up`"
NAME = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'\s*(?:#.*)?")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
VARIABLE = re.compile(r"(?<!\\)\$[A-Za-z_{]")
PLAIN = re.compile(r"[\w%+,./:=@-]*", re.ASCII)


@dataclass(frozen=True)
class DotEnv:
    """The two halves of the file."""

    user: Mapping[str, str]
    decided: Mapping[str, str]

    @property
    def values(self) -> dict[str, str]:
        """Both as one; the user's own win."""
        return {**self.decided, **self.user}


def read(path: Path) -> DotEnv:
    """Both halves; empty where there is no file. RequestError names a line that is not NAME=value."""
    user: dict[str, str] = {}
    decided: dict[str, str] = {}
    target = user
    for number, raw in enumerate(_text(path).lstrip("\ufeff").split("\n"), start=1):
        line = raw.strip()
        if line in {BEGIN, END}:
            target = decided if line == BEGIN else user
        elif line and not line.startswith("#"):
            name, value = _pair(line, f"{path.name}:{number}")
            target[name] = value
    return DotEnv(user, decided)


def write(path: Path, decided: Mapping[str, str]) -> bool:
    """Put `decided` into the block and keep every other byte; True when the file changed."""
    block = "\n".join([BEGIN, *(f"{name}={quoted(value)}" for name, value in decided.items()), END, ""])
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else textfile.PRIVATE
    return textfile.update(path, textfile.with_block(_text(path), block, path.name), mode)


def quoted(value: str) -> str:
    r"""A value as compose reads it back: it's -> "it's", a#b -> 'a#b', cu118 -> cu118."""
    if PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = re.sub(r'(["\\$])', r"\\\1", value).replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: not UTF-8 (byte {error.start}). Save it as UTF-8.") from error


def _pair(line: str, where: str) -> tuple[str, str]:
    found = NAME.fullmatch(line)
    if not found:
        raise RequestError(f"{where}: {line!r} found; accepted is NAME=value, or # and a remark.")
    name, value = found.groups()
    return name, _value(value, f"{where}: {name}")


def _value(text: str, where: str) -> str:
    """As compose reads it, save for variables: they would be resolved there and not here."""
    literal = SINGLE.fullmatch(text)
    if literal:
        return literal.group(1).replace("\\'", "'")
    if VARIABLE.search(text):
        raise RequestError(
            f"{where}: a variable found ({text}). Write its value out, or put it in single quotes."
        )
    quotes = DOUBLE.fullmatch(text)
    if quotes:
        return re.sub(
            r"\\(.)", lambda hit: {"n": "\n", "r": "\r"}.get(hit.group(1), hit.group(1)), quotes.group(1)
        )
    if text[:1] in {"'", '"'}:
        raise RequestError(f"{where}: a quotation that does not end on its line ({text}).")
    return re.sub(r"\s+#.*", "", text)
