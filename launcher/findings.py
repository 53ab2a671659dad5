"""What doctor found: one dataclass, and the exit code that follows from a list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OK, INFO, WARNING, ERROR = "ok", "info", "warning", "error"
STATUSES = (OK, INFO, WARNING, ERROR)


@dataclass(frozen=True)
class Finding:
    """One thing about the host.

    id is stable, for scripts and docs; found is what was seen; causes is what will go wrong for it; mend
    holds the commands for this distribution, a line that starts with # being a remark.
    """

    id: str
    status: str
    found: str
    causes: str = ""
    mend: tuple[str, ...] = ()


def finding(name: str, status: str, found: str, causes: str, mend: Iterable[str] = ()) -> Finding:
    """One whose status depends on what was asked for."""
    return Finding(name, status, found, causes, tuple(mend))


def ok(name: str, found: str) -> Finding:
    """Nothing to mend."""
    return Finding(name, OK, found)


def info(name: str, found: str, causes: str = "", mend: Iterable[str] = ()) -> Finding:
    """Worth knowing; works as it is."""
    return Finding(name, INFO, found, causes, tuple(mend))


def warning(name: str, found: str, causes: str, mend: Iterable[str] = ()) -> Finding:
    """Works, but not as well as it should, or not for ever."""
    return Finding(name, WARNING, found, causes, tuple(mend))


def error(name: str, found: str, causes: str, mend: Iterable[str] = ()) -> Finding:
    """`make up` cannot do its work until this is mended."""
    return Finding(name, ERROR, found, causes, tuple(mend))


def exit_code(findings: Iterable[Finding]) -> int:
    """2 where something must be mended first, else 0."""
    return 2 if any(finding.status == ERROR for finding in findings) else 0
