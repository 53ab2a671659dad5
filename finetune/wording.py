"""Writes for people what a message is made of: values, counts, durations, and what others' errors say."""

from __future__ import annotations

import errno


def described(error: OSError) -> str:
    """Name the file and what is wrong with it; a full disk with what to do."""
    name = "" if error.filename is None else f"{error.filename}: "
    said = f"{name}{error.strerror or error}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        said += "; free some disk space, then start the same command again: it goes on from what is there"
    return said


def shorten(text: object, limit: int = 60) -> str:
    """Quote a value for a message and cut it where it is long: 99 times a becomes 'aaa…' of 60 characters."""
    quoted = repr(text)
    return quoted if len(quoted) <= limit else quoted[: limit - 2] + "…" + quoted[-1]


def first_line(error: BaseException, limit: int = 200) -> str:
    """Shorten what a library says to its first line, or to the name of the error where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:limit]


def counted(count: int, one: str, many: str) -> str:
    """Count things: "1 text has", "2,000 texts have"."""
    return f"{count:,} {one if count == 1 else many}"


def clock(seconds: float) -> str:
    """Write a duration: 75 is 1:15, 3700 is 1:01:40."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
