"""The launcher's own folder."""

from __future__ import annotations

import errno
import fcntl
from typing import TYPE_CHECKING

import pytest

from launcher.errors import HostNotReady, WorkbenchError
from launcher.state import State

if TYPE_CHECKING:
    from pathlib import Path


def test_every_folder_is_closed_to_others(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.create()
    folders = [state.folder, *(path for path in state.folder.rglob("*") if path.is_dir())]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert len(folders) == 5


def test_a_second_one_at_work_is_refused(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.create()
    with state.locked():
        waiting = state.locked()
        with pytest.raises(
            WorkbenchError, match=f"another make is at work in {tmp_path}. Wait for it to end"
        ):
            waiting.__enter__()


def test_the_lock_ends_with_the_work(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.create()
    for _ in range(2):
        with state.locked():
            pass


def test_deleting_forgets_everything(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.create()
    state.password.touch()
    state.delete()
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_locks_nothing_is_no_other_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    state = State(tmp_path)
    state.create()
    waiting = state.locked()
    with pytest.raises(HostNotReady, match=r"lock: this file system locks no files \(No locks available\)"):
        waiting.__enter__()
