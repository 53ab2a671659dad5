"""One engine for all the cases; each case starts the stand-in anew through compose."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.gpu_wiring.engine import OVERLAYS, Engine, project, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

NEEDED = ("docker", "dockerd", "containerd", "runc", "busybox")


class Up(Protocol):
    """`docker compose up` of the given files, until the block ends."""

    def __call__(self, *files: str, **setting: str) -> AbstractContextManager[Workbench]: ...


class Workbench:
    """The stand-in's container."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name

    def run(self, *command: str) -> str:
        """What a command in it prints; nothing where the program is missing."""
        done = self._engine.ask("docker", "exec", self._name, *command)
        return done.stdout.strip() if done.returncode == 0 else ""

    def asked(self) -> list[str]:
        """For which devices the hook was called."""
        return self._engine.log.read_text().split()


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The second engine; the folder's name is short because a socket's path may not be long."""
    if os.geteuid() != 0:
        pytest.skip("a second container engine needs root")
    if missing := [program for program in NEEDED if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="wiring-", ignore_cleanup_errors=True) as folder:
        one = Engine(Path(folder))
        with one.started():
            one.load_stand_in()
            yield one


@pytest.fixture
def up(engine: Engine, tmp_path: Path) -> Up:
    """Runs the checkout's own compose files with the stand-in as image."""
    engine.log.write_text("")
    folder = project(tmp_path)

    @contextmanager
    def compose(*files: str, **setting: str) -> Iterator[Workbench]:
        given = {**settings(), **setting}
        argv = ["docker", "compose", f"--project-directory={folder}"]
        argv += [f"--file={folder / file}" for file in files]
        try:
            engine.run(*argv, "up", "--detach", "workbench", **given)
            yield Workbench(engine, f"{given['WORKBENCH_NAME']}-workbench-1")
        finally:
            engine.run(*argv, "down", "--volumes", "--timeout=0", **given)

    return compose


@pytest.fixture
def with_gpus() -> tuple[str, ...]:
    """The files that compose gets on a host with a GPU."""
    return OVERLAYS
