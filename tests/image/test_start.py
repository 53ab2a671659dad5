"""start.py: what it prepares before the services run, tried in scratch folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.engine import REPOSITORY, module

if TYPE_CHECKING:
    from pathlib import Path

start = module("rootfs/usr/local/lib/workbench/start.py")
ETC = REPOSITORY / "docker" / "rootfs" / "etc" / "workbench"
VALUES = {
    "a word": ("word", '"X=word"'),
    "blanks": ("two words", '"X=two words"'),
    "double quotes": ('say "no"', '"X=say \\"no\\""'),
    "a backslash": ("C:\\new", '"X=C:\\\\new"'),
    "Chinese": ("新闻", '"X=新闻"'),
    "nothing": ("", '"X="'),
}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The image's /etc/workbench, and scratch folders for the rest."""
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(start, "ETC", ETC)
    monkeypatch.setattr(start, "RUN", tmp_path / "run")
    monkeypatch.setattr(start, "HOST_KEY", tmp_path / "home" / "sshd" / "key")
    return tmp_path


@pytest.mark.parametrize(("value", "written"), VALUES.values(), ids=VALUES)
def test_a_value_reaches_ssh_sessions_as_it_is(value: str, written: str) -> None:
    assert start.ssh_environment({"X": value}) == f"SetEnv {written}\n"


@pytest.mark.parametrize("name", ["TERM", "PWD", "OLDPWD", "SHLVL"])
def test_what_belongs_to_one_session_is_left_out(name: str) -> None:
    assert start.ssh_environment({name: "x", "LANG": "C.UTF-8"}) == 'SetEnv "LANG=C.UTF-8"\n'


def test_a_value_of_two_lines_does_not_break_the_configuration() -> None:
    assert start.ssh_environment({"LANG": "C.UTF-8", "X": "1\n2"}).count("\n") == 1


def test_the_host_key_is_made_once(folders: Path) -> None:
    start.prepare_sshd()
    first = (folders / "home" / "sshd" / "key").read_text()
    start.prepare_sshd()
    assert (folders / "home" / "sshd" / "key").read_text() == first


def test_nobody_else_reads_the_configuration_with_the_environment_in_it(folders: Path) -> None:
    start.prepare_sshd()
    assert (folders / "run" / "sshd_config").stat().st_mode & 0o077 == 0


def test_the_configuration_ends_with_the_environment(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", "/cache/huggingface")
    start.prepare_sshd()
    written = (folders / "run" / "sshd_config").read_text()
    assert written.startswith((ETC / "sshd_config").read_text())
    assert '"HF_HOME=/cache/huggingface"' in written.splitlines()[-1]


def test_the_supervisor_starts_from_a_clean_copy_of_the_services(folders: Path) -> None:
    start.prepare_services()
    (folders / "run" / "services" / "stale").touch()
    start.prepare_services()
    assert sorted(path.name for path in (folders / "run" / "services").iterdir()) == ["jupyter", "sshd"]
