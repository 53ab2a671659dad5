"""Writes text files whole or not at all, and keeps marked blocks in files that belong to a person."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

from launcher.errors import RequestError

PRIVATE = 0o600


def write(path: Path, text: str, mode: int = PRIVATE) -> None:
    """Write in one step: a reader, a crash or a full disk leaves the old text or the new one, never a part.

    A link is followed, and the owner of a file that root replaces stays.
    """
    real = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=str(real.parent), prefix=f".{real.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        _keep_owner(real, temporary)
        Path(temporary).replace(real)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def update(path: Path, text: str, mode: int = PRIVATE) -> bool:
    """Write where the text differs from what is there; True when it did."""
    if path.exists() and path.read_bytes() == text.encode("utf-8", "surrogateescape"):
        return False
    write(path, text, mode)
    return True


def with_block(text: str, block: str, where: str, *, first: bool = False) -> str:
    r"""Put `block`, whose first and last lines are its marks, in place of the old one; else first or last.

    Every other byte stays. Line ends follow the text.

    >>> with_block("mine\n", "# >>> w\nnew\n# <<< w\n", "file")
    'mine\n# >>> w\nnew\n# <<< w\n'
    """
    begin, *_, end = block.splitlines()
    newline = "\r\n" if "\r\n" in text else "\n"
    block = block.replace("\n", newline)
    lines = re.split(r"(?<=\n)", text)
    marks = [line.strip("\ufeff \t\r\n") for line in lines]
    if begin not in marks:
        gap = "" if not text or text.endswith("\n") else newline
        return block + text if first else text + gap + block
    start = marks.index(begin)
    if end not in marks[start:]:
        raise RequestError(
            f"{where}:{start + 1}: the line '{begin}' has no '{end}' after it. "
            "Delete what is left of that block."
        )
    return "".join([*lines[:start], block, *lines[marks.index(end, start) + 1 :]])


def _keep_owner(real: Path, temporary: str) -> None:
    if os.geteuid() == 0 and real.exists():
        found = real.stat()
        os.chown(temporary, found.st_uid, found.st_gid)
