"""Why a request gets no answer: a class per cause, with its HTTP status."""

from __future__ import annotations

from typing import ClassVar


class RefusalError(Exception):
    """The request is not carried out; the message says why, for the caller to read."""

    status: ClassVar[int] = 400

    @property
    def headers(self) -> dict[str, str]:
        """Say what else the answer carries."""
        return {}


class MalformedError(RefusalError):
    """The body is not what the description asks for."""

    status = 422


class UnknownModelError(RefusalError):
    """No model of this name is served."""

    status = 404


class NotJsonError(RefusalError):
    """The body is declared as something other than JSON."""

    status = 415


class NoKeyError(RefusalError):
    """The API key is missing or wrong."""

    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """Name the scheme, as HTTP wants it."""
        return {"WWW-Authenticate": "Bearer"}


class TooLargeError(RefusalError):
    """The body, a text or their number is over the limit."""

    status = 413

    @property
    def headers(self) -> dict[str, str]:
        """Close the connection: what of the body is still to come is not waited for."""
        return {"Connection": "close"}


class TooSlowError(TooLargeError):
    """The body did not arrive in time."""

    status = 408


class QueueFullError(RefusalError):
    """More texts wait than may wait; a long text counts as many as it has pieces."""

    status = 503

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"{waiting} texts wait already; try again in {retry_after} s")
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Say when to try again, in seconds."""
        return {"Retry-After": str(self.retry_after)}


class FailedError(RefusalError):
    """The model failed on a text that it should have answered."""

    status = 500
