"""Whose the files are."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

import pytest

from launcher import workspace
from launcher.errors import RequestError
from launcher.probes.files import container_user
from launcher.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.stage import Stage


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """What was handed over, and to whom."""
    seen: dict[str, tuple[int, int]] = {}

    def note(path: str, uid: int, gid: int) -> None:
        seen[str(path)] = (uid, gid)

    monkeypatch.setattr(os, "lchown", note)
    monkeypatch.setattr(os, "chown", note)
    return seen


def test_an_ordinary_user_works_as_themselves(stage: Stage) -> None:
    stage.user = 1234
    assert container_user(stage, stage.checkout) == (1234, 1234)


@pytest.mark.parametrize(
    ("environment", "owner", "expected"),
    [
        ({"SUDO_UID": "1001", "SUDO_GID": "1002"}, 0, (1001, 1002)),
        ({"SUDO_UID": "1001"}, 0, (1001, 1001)),
        ({"SUDO_UID": "0"}, 1005, (1005, 1005)),
        ({"SUDO_UID": "x"}, 1005, (1005, 1005)),
        ({}, 1005, (1005, 1005)),
        ({}, 0, (1000, 1000)),
    ],
    ids=[
        "behind sudo",
        "sudo without a group",
        "sudo by root",
        "nonsense",
        "the checkout's owner",
        "nobody else",
    ],
)
def test_root_has_a_stand_in(
    environment: dict[str, str], owner: int, expected: tuple[int, int], stage: Stage
) -> None:
    stage.user = 0
    stage.env.update(environment)
    stage.write(f"{stage.checkout}/README.md", "")
    stage.owners[str(stage.checkout)] = owner
    assert container_user(stage, stage.checkout) == expected


def test_the_folders_are_made(stage: Stage, given: dict[str, tuple[int, int]]) -> None:
    workspace.prepare(stage, stage.settings, stage.state)
    made = {str(path.relative_to(stage.checkout)) for path in stage.checkout.rglob("workspace/*/*")}
    assert made == {"workspace/data/raw", "workspace/models/final"}
    assert (stage.checkout / "workspace" / "runs").is_dir()
    assert not given


@pytest.mark.skipif(os.geteuid() != 0, reason="the files must be root's for this")
def test_roots_files_are_handed_over_and_nobody_elses(
    stage: Stage, given: dict[str, tuple[int, int]]
) -> None:
    stage.user = 0
    stage.env["SUDO_UID"] = "1001"
    notebook = stage.checkout / "notebooks" / "mine.ipynb"
    notebook.parent.mkdir()
    notebook.touch()
    workspace.prepare(stage, stage.settings, stage.state)
    assert given[str(notebook)] == (1001, 1001)
    assert given[str(stage.checkout / "workspace" / "data" / "raw")] == (1001, 1001)
    assert str(stage.checkout) not in given


@pytest.mark.skipif(os.geteuid() != 0, reason="the files must be root's for this")
def test_the_container_may_read_only_its_own_part(stage: Stage, given: dict[str, tuple[int, int]]) -> None:
    stage.user = 0
    stage.state.password.touch()
    stage.state.password_hash.touch()
    workspace.hand_over(stage, stage.state)
    assert given[str(stage.state.password_hash)] == given[str(stage.state.ca_bundle)] == (1000, 1000)
    assert str(stage.state.password) not in given


@pytest.mark.skipif(os.geteuid() != 0, reason="the files must be root's for this")
def test_of_a_folder_that_was_there_only_the_workbenchs_part_is_handed_over(
    stage: Stage, given: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    stage.user = 0
    mount = tmp_path / "srv"
    (mount / "keys").mkdir(parents=True)
    (mount / "data" / "mine").mkdir(parents=True)
    stage.env["WORKSPACE"] = str(mount)
    workspace.prepare(stage, stage.settings, stage.state)
    assert {mount / "data" / "mine", mount / "runs"} <= set(map(type(mount), given))
    assert not {str(mount), str(mount / "keys")} & set(given)


@pytest.mark.skipif(os.geteuid() != 0, reason="the files must be root's for this")
def test_a_folder_that_is_made_here_is_handed_over_as_a_whole(
    stage: Stage, given: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    stage.user = 0
    stage.env["WORKSPACE"] = str(tmp_path / "new")
    workspace.prepare(stage, stage.settings, stage.state)
    assert given[str(tmp_path / "new")] == (1000, 1000)
    assert str(tmp_path) not in given


@pytest.mark.parametrize("place", ["/", "/root", "/root/../root/", "/home/ada"])
def test_the_systems_or_roots_own_folder_is_no_workspace(
    place: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pathlib.Path, "mkdir", lambda path, **_: pytest.fail(f"{path} was made"))
    monkeypatch.setattr(os, "walk", lambda top: pytest.fail(f"{top} was looked at"))
    stage.user = 0  # at home in /home/ada
    stage.env["WORKSPACE"] = place
    settings, state = stage.settings, State(stage.checkout)
    with pytest.raises(
        RequestError, match=r"the system's or root's own folder.*such as WORKSPACE=/.*workbench"
    ):
        workspace.prepare(stage, settings, state)
