"""What a check hands back (Seen), raises (FailedError, SkippedError), and what the caller prints (Result)."""

import json
from dataclasses import asdict, dataclass, field

Data = dict[str, object]


@dataclass(frozen=True)
class Seen:
    """A check passed: one line for the person, figures for the receipt."""

    detail: str
    data: Data = field(default_factory=dict)


class FailedError(Exception):
    """A check failed: what was found and expected, and what mends it."""

    def __init__(self, detail: str, mend: str, **data: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.mend = mend
        self.data: Data = data


class SkippedError(Exception):
    """A check could not run; allowed says whether that is fine here (no GPU on the cpu variant)."""

    def __init__(self, detail: str, *, allowed: bool, mend: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.mend = mend
        self.allowed = allowed


@dataclass(frozen=True)
class Outcome:
    """How one check ended, before anyone names or times it."""

    status: str
    detail: str
    mend: str = ""
    data: Data = field(default_factory=dict)

    @property
    def green(self) -> bool:
        """Passed, or skipped for a reason that holds here."""
        return self.status == "passed" or (self.status == "skipped" and self.data.get("allowed") is True)


@dataclass(frozen=True)
class Result:
    """One line of the output."""

    check: str
    title: str
    outcome: Outcome
    seconds: float

    def line(self) -> str:
        """Return the result as one JSON object on one line."""
        told = {"check": self.check, "title": self.title} | asdict(self.outcome)
        told = told | {"seconds": round(self.seconds, 3), "data": told.pop("data")}
        return json.dumps(told, ensure_ascii=False, default=str)
