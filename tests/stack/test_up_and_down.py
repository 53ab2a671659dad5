"""What a person keeps over `make down`, a recreated container and an interrupted `make up`."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.stack.notebook_server import Jupyter
from tests.stack.programs import in_background, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.openssh import OpenSsh
    from tests.stack.workbench import Workbench

pytestmark = pytest.mark.slow
PACKAGE = "iniconfig==2.0.0"


@pytest.fixture
def package(workbench: Workbench) -> Iterator[str]:
    """A small package that the user installed; away again after the test."""
    ended = workbench.launcher("shell", "uv", "pip", "install", "--quiet", PACKAGE)
    if "dns error" in ended.stderr or "error sending request" in ended.stderr:
        pytest.skip(f"no package index can be reached from the container: {ended.stderr.strip()}")
    assert ended.returncode == 0, ended.stderr
    yield "iniconfig"
    workbench.inside("uv", "pip", "uninstall", "--quiet", "iniconfig")


@pytest.fixture
def note(workbench: Workbench) -> Iterator[str]:
    """A file in the user's home."""
    workbench.inside("sh", "-c", "echo kept > ~/stack-test-note")
    yield "stack-test-note"
    workbench.inside("sh", "-c", "rm ~/stack-test-note")


def test_compose_alone_brings_back_everything_after_make_down(
    workbench: Workbench, ssh: OpenSsh, note: str, package: str
) -> None:
    ended = workbench.make("down")
    assert ended.returncode == 0, ended.stderr
    assert workbench.compose("ps", "--all", "--quiet") == ""
    workbench.compose("up", "--detach")
    workbench.wait_until_healthy()
    assert workbench.inside("sh", "-c", f"cat ~/{note}") == "kept\n"
    assert ssh.command(f"python -c 'import {package}; print({package}.__file__)'").startswith(
        "/home/nlp/.venv/"
    )
    assert Jupyter(workbench.jupyter).log_in(workbench.password)


def test_a_recreated_container_keeps_its_host_key(workbench: Workbench, ssh: OpenSsh) -> None:
    before = workbench.container("workbench")
    workbench.compose("up", "--detach", "--force-recreate", "workbench")
    workbench.wait_until_healthy()
    assert workbench.container("workbench") != before
    ended = ssh.program("ssh", "-o", "StrictHostKeyChecking=yes", ssh.host, "true")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_second_make_up_changes_nothing(workbench: Workbench) -> None:
    assert workbench.make("up").returncode == 0
    before = workbench.containers(), (workbench.checkout / ".env").read_bytes()
    ended = workbench.make("up")
    assert "Already up; nothing changed." in ended.stdout
    assert (workbench.containers(), (workbench.checkout / ".env").read_bytes()) == before


@pytest.mark.parametrize("moment", ["Variant ", "Waiting "])
def test_make_up_goes_on_after_ctrl_c(workbench: Workbench, moment: str) -> None:
    workbench.make("down")
    with in_background(["make", "up"], workbench.checkout) as up:
        assert up.stdout is not None
        assert any(moment in line for line in up.stdout)
        os.killpg(up.pid, signal.SIGINT)
        wait_until(lambda: up.poll() is not None, "make up stopped", seconds=30)
        assert "Traceback" not in up.stdout.read()
    ended = workbench.make("up")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert workbench.healthy()


def test_two_make_up_at_once_do_not_meet(workbench: Workbench) -> None:
    workbench.compose("stop", "tensorboard")
    with in_background(["make", "up"], workbench.checkout) as first:
        assert first.stdout is not None
        assert any("Waiting " in line for line in first.stdout)
        ended = workbench.launcher("up")
        assert (ended.returncode, "another make is at work" in ended.stderr) == (1, True)
        first.stdout.read()
        assert first.wait() == 0
