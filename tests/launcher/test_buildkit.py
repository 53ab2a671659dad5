"""`docker build` is run again for two errors only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import buildkit
from launcher.console import Console
from launcher.errors import CommandFailed
from launcher.host import Completed
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.host import Host

ORPHANED = Completed(("docker",), 1, "ERROR: failed to solve: no active sessions")
BROKEN = Completed(("docker",), 1, "ERROR: failed to solve: exit code: 1")
DONE = Completed(("docker",), 0)


class Engine:
    """Gives these endings, one a build."""

    def __init__(self, *endings: Completed) -> None:
        self.endings = list(endings)

    def stream(self, _work: Work, _on_line: Callable[[str], None]) -> Completed:
        return self.endings.pop(0)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buildkit, "PAUSE_SECONDS", 0)


def build(host: Engine) -> None:
    fake: Host = host  # type: ignore[assignment]
    buildkit.build(fake, Console(), Work(["docker", "build", "."]))


def test_a_step_of_a_killed_build_is_asked_for_again() -> None:
    host = Engine(ORPHANED, DONE)
    build(host)
    assert not host.endings


@pytest.mark.parametrize("endings", [(BROKEN,), (ORPHANED,) * 3], ids=["another error", "three times"])
def test_what_really_failed_is_told(endings: tuple[Completed, ...]) -> None:
    host = Engine(*endings)
    with pytest.raises(CommandFailed, match="failed to solve"):
        build(host)
    assert not host.endings
