"""Every error that finetune reports on purpose; the exit code says whose turn it is.

1: the work failed (training diverged, the disk is full). 2: the request or the data is wrong, and the message
says which file, which line, what was found, what is accepted and what to do.
"""

from __future__ import annotations

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
