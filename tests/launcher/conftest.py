"""A fence around the launcher's tests, and the hosts that they look at."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

from launcher import start
from launcher.host import Host
from launcher.plan import Plan, from_settings
from launcher.variants import Variants, load
from tests.launcher.fakes import CHECKOUT, REPOSITORY, FakeHost
from tests.launcher.stage import Stage, up

if TYPE_CHECKING:
    from collections.abc import Callable

settings.register_profile("calm", deadline=None)  # a busy machine is no failure
settings.load_profile("calm")


@pytest.fixture
def real_world() -> None:
    """Lifts the fence for a test that starts its own harmless programs or listens on this machine."""


@pytest.fixture(autouse=True)
def fence(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test gives this machine's files away; without real_world, none starts a program or connects."""
    own = request.getfixturevalue("tmp_path_factory").getbasetemp()
    _fence_owners(monkeypatch, {own, Path(tempfile.gettempdir())})
    if "real_world" in request.fixturenames:
        return

    def refuse(*args: object, **more: object) -> NoReturn:
        pytest.fail(f"the fence: this test reaches for the real world with {args[1:]} {more}")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _fence_owners(monkeypatch: pytest.MonkeyPatch, tops: set[Path]) -> None:
    """Owners change below the folders for temporary files only: the tests may run as root."""

    def below(real: Callable[..., None], path: str, *owner: int) -> None:
        if tops.isdisjoint(Path(path).parents):
            pytest.fail(f"the fence: this test gives {path} away")
        real(path, *owner)

    for name in ("chown", "lchown"):
        monkeypatch.setattr(os, name, partial(below, getattr(os, name)))


@pytest.fixture
def variants() -> Variants:
    """The project's own table."""
    return load(Host(), REPOSITORY / "docker" / "variants.json")


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """A healthy Debian machine without a GPU."""
    return FakeHost(tmp_path)


@pytest.fixture
def plan(variants: Variants) -> Plan:
    """What `make up` without any setting asks for."""
    return from_settings(CHECKOUT, variants, {})


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The same machine, with an engine that remembers what it was told, and an empty checkout."""
    return Stage(tmp_path)


@pytest.fixture
def buildable(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A host on which `make up` finds all that it needs, and waits for nothing."""
    monkeypatch.setattr(start, "POLL_SECONDS", 0)
    stage.copy_code()
    stage.commands["git"] = "abc123\n"
    stage.programs["mmdebstrap"] = ["/usr/bin/mmdebstrap"]
    return stage


@pytest.fixture
def running(buildable: Stage) -> Stage:
    """After a `make up`."""
    up(buildable)
    return buildable
