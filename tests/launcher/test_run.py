"""What `make test` installs before its first stage."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands of a `prepare` as root, which are not run; every program is there."""
    commands: list[str] = []
    monkeypatch.setattr(run, "sh", lambda *argv, **_: commands.append(" ".join(argv)))
    monkeypatch.setattr(run, "VENV", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return commands


def test_what_makes_virtual_environments_is_installed_where_the_distribution_left_it_out(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    run.prepare()
    assert ran[1] == "apt-get -q -y install --no-install-recommends python3-venv"


def test_nothing_is_installed_where_all_is_there(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    run.prepare()
    assert [line for line in ran if line.startswith("apt-get")] == []


def test_a_preparation_that_fails_is_the_end_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError("no python3-venv")

    monkeypatch.setattr(run, "prepare", fail)
    monkeypatch.setattr("sys.argv", ["run.py", "launcher"])
    assert run.main() == 1
    assert "failed: no python3-venv" in capsys.readouterr().out
