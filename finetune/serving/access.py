"""Who may call: the keys from a file, compared in constant time."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.errors import DataError, Problem, RequestError
from finetune.serving.refusals import NoKeyError

if TYPE_CHECKING:
    from pathlib import Path

SHORTEST = 16
MAKE_ONE = "make one: openssl rand -hex 24"


@dataclass(frozen=True)
class Keys:
    """The accepted keys; none means that everybody may call."""

    accepted: tuple[bytes, ...] = ()

    def check(self, authorization: str | None) -> None:
        """Raise NoKeyError unless the header carries one of them."""
        if not self.accepted:
            return
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise NoKeyError("this service wants an API key; send the header Authorization: Bearer KEY")
        # every key is compared, so that the time tells nothing about which one came close
        if not sum([hmac.compare_digest(one, given.strip().encode()) for one in self.accepted]):
            raise NoKeyError("this API key is not accepted here")


def read_keys(path: Path | None) -> Keys:
    """Read the keys, one a line; empty lines and lines that begin with # are left out."""
    if path is None:
        return Keys()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise RequestError(f"--api-key-file {path}: {reason}; name a file with one key a line") from None
    found = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    for number, line in found:
        if len(line) < SHORTEST:
            raise DataError(Problem(path, number, f"{len(line)} characters", f"{SHORTEST} or more", MAKE_ONE))
        if not (line.isascii() and line.isprintable()):  # a header cannot carry it
            raise DataError(
                Problem(path, number, "characters beyond ASCII", "letters, digits, signs", MAKE_ONE)
            )
    if not found:
        raise DataError(Problem(path, None, "no key", "one key a line", MAKE_ONE))
    return Keys(tuple(line.encode() for _, line in found))
