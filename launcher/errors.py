"""What the launcher can fail with: a class per cause, each with its exit code.

A message says what was found, what is accepted and what to do. Nothing is printed here: __main__ does,
and exits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class WorkbenchError(Exception):
    """The work failed; the message is for the person at the terminal."""

    exit_code = 1


class RequestError(WorkbenchError):
    """A setting is wrong, or asks for what cannot work on this host."""

    exit_code = 2


class DataFileError(WorkbenchError):
    """A data file of the project is incomplete or has a key that nobody reads."""

    exit_code = 2


class HostNotReady(WorkbenchError):  # noqa: N818 - reads as what it says
    """The host lacks something that only its owner can mend."""

    exit_code = 2


class MissingProgram(WorkbenchError):  # noqa: N818 - reads as what it says
    """A program that a step needs is not on PATH."""

    exit_code = 2

    def __init__(self, program: str, path: str) -> None:
        super().__init__(
            f"{program}: not found on PATH ({path or 'PATH is empty'}). "
            f"Install it, or add its folder to PATH; `make doctor` prints the command for this host."
        )


class CommandFailed(WorkbenchError):  # noqa: N818 - reads as what it says
    """A command ended with an error, or was stopped because it hung."""

    def __init__(
        self, command: str, returncode: int, tail: Sequence[str], *, timed_out: bool = False
    ) -> None:
        ending = (
            "gave no answer in time and was stopped" if timed_out else f"ended with exit code {returncode}"
        )
        lines = "\n".join(f"    {line}" for line in tail)
        super().__init__(
            f"{command}\n  {ending}" + (f"; its last lines:\n{lines}" if tail else ", without a word.")
        )
