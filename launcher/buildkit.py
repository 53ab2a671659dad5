"""Runs one `docker build`, and knows the errors of BuildKit's that mean no more than: ask again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from launcher.console import follow
from launcher.errors import CommandFailed
from launcher.process import Work

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.host import Host

# seen where a step with a secret was shared with another build, and that build's client was killed
ORPHANED = ("no active sessions", "only one connection allowed")
TRIES = 3
PAUSE_SECONDS = 1.0


def build(host: Host, console: Console, work: Work) -> None:
    """Build; CommandFailed with the last lines where it fails."""
    for left in reversed(range(TRIES)):
        try:
            return follow(host, console, _with_buildkit(work))
        except CommandFailed as error:
            if not left or not any(mark in str(error) for mark in ORPHANED):
                raise
            console.note("the step belonged to a build that was killed; once more")
            time.sleep(PAUSE_SECONDS)
    return None


def _with_buildkit(work: Work) -> Work:
    return Work(work.argv, {**work.env, "DOCKER_BUILDKIT": "1"}, work.cwd, work.stall, work.show)
