"""Every error that finetune reports on purpose; the exit code says whose turn it is.

1: the work failed (training diverged, the disk is full). 2: the request or the data is wrong, and the message
says which file, which line, what was found, what is accepted and what to do.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FinetuneError(Exception):
    """The work failed; nothing in the request explains it."""

    exit_code = 1


class RequestError(FinetuneError):
    """An option, a setting or a combination of them cannot be carried out."""

    exit_code = 2


class ColumnError(RequestError):
    """A column that was named is not in a table, which has these; without a header they are numbers."""

    def __init__(self, message: str, path: Path, columns: tuple[str, ...], *, header: bool) -> None:
        super().__init__(message)
        self.path, self.columns, self.header = path, columns, header


class EncoderError(RequestError):
    """The pretrained encoder cannot be found, reached or trusted."""


class RunFolderError(RequestError):
    """The run folder holds something that this command must not overwrite or cannot resume."""


class TrainingError(FinetuneError):
    """Training itself went wrong: the loss is not a number, or memory does not suffice."""


class WriteError(FinetuneError):
    """A place cannot be written to, or its disk is full."""


class OtherRankError(FinetuneError):
    """Another process of the same training ended; without words where that process says itself why."""

    def __init__(self, exit_code: int, message: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[OtherRankError], tuple[int, str]]:
        """Travel between processes: Exception's own way would lose the exit code."""
        return OtherRankError, (self.exit_code, str(self))


class ExportError(FinetuneError):
    """An export does not answer as the model that it was made of."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the data, at one place.

    Example: Problem(Path("train.txt"), 3, "1 column: 'x'", "2 columns, a tab between them", "add the label")
    reads "train.txt:3: found 1 column: 'x'; expected 2 columns, a tab between them; add the label".
    """

    path: Path
    line: int | None
    found: str
    expected: str
    todo: str

    def __str__(self) -> str:
        """Put the place first, as compilers do, so that editors can jump there."""
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: found {self.found}; expected {self.expected}; {self.todo}"


class DataError(FinetuneError):
    """A data file says something that cannot be used."""

    exit_code = 2

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


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


def counted(count: int, one: str, many: str) -> str:
    """Count things: "1 text has", "2,000 texts have"."""
    return f"{count:,} {one if count == 1 else many}"
