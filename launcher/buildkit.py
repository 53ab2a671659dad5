"""Runs one `docker build`, and knows the one error of BuildKit's that means no more than: ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.console import Work, follow
from launcher.errors import CommandFailed

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.host import Host

# seen where a step with a secret was shared with another build, and that build's client was killed
ORPHANED = "no active sessions"


def build(host: Host, console: Console, work: Work) -> None:
    """Build; CommandFailed with the last lines where it fails."""
    try:
        follow(host, console, _with_buildkit(work))
    except CommandFailed as error:
        if ORPHANED not in str(error):
            raise
        console.note("the step belonged to a build that was killed; once more")
        follow(host, console, _with_buildkit(work))


def _with_buildkit(work: Work) -> Work:
    return Work(work.argv, {**work.env, "DOCKER_BUILDKIT": "1"}, work.cwd, work.stall, work.show)
