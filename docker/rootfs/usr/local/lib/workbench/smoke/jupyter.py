"""Jupyter as a person meets it: log in with the password, start a kernel, run a cell, read its output."""

import secrets
from importlib.metadata import version

from .notebook_server import NotebookServer
from .results import FailedError, Seen, SkippedError
from .settings import Settings

PACKAGE = "torch"  # the one that tells whether the kernel lives in this environment
OUTPUT_MEND = (
    "`make logs` shows what Jupyter says; `jupyter kernelspec list` inside names its kernel's Python"
)
ASK = "Give it on standard input: --password-stdin"


def check(settings: Settings) -> Seen:
    """Run one cell that multiplies two fresh numbers and tells the kernel's Python and torch."""
    if settings.password is None:
        raise SkippedError("no password given", allowed=False, mend=ASK)
    first, second = secrets.randbelow(10**6), secrets.randbelow(10**6)
    with NotebookServer(settings.jupyter_url) as server:
        server.log_in(settings.password)
        printed = server.run(_cell(first, second)).split()
    compare(printed, str(first * second))
    detail = f"logged in at {settings.jupyter_url}, a kernel of {printed[2]} ran a cell"
    return Seen(detail, {"url": settings.jupyter_url, "python": printed[2], PACKAGE: printed[1]})


def _cell(first: int, second: int) -> str:
    return (
        "import sys\nfrom importlib.metadata import version\n"
        f"print({first} * {second}, version({PACKAGE!r}), sys.executable)"
    )


def compare(printed: list[str], product: str) -> None:
    """Fail where the cell computed wrong, or in another environment than this one."""
    here = version(PACKAGE)
    if printed[:1] != [product] or len(printed) != 3:
        raise FailedError(f"the cell printed {' '.join(printed)!r}, expected {product} first", OUTPUT_MEND)
    if printed[1] != here:
        raise FailedError(f"the kernel has {PACKAGE} {printed[1]}, the container {here}", OUTPUT_MEND)
