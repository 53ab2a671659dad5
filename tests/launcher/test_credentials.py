"""Password and key: made once, closed to others, on no command line and in no log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import credentials
from launcher.errors import RequestError, WorkbenchError
from tests.launcher.stage import HASH, IMAGE, PRIVATE, PUBLIC, Stage

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def ensure(stage: Stage) -> None:
    credentials.ensure(stage.docker, stage.state, IMAGE)


def test_everything_is_made_and_closed_to_others(stage: Stage) -> None:
    ensure(stage)
    state = stage.state
    private = [state.password, state.password_hash, state.identity, state.authorized_keys]
    assert [mode(path) for path in private] == [0o600] * 4
    assert (state.password_hash.read_text(), state.identity.read_text()) == (HASH, PRIVATE)
    assert state.public_key.read_text() == state.authorized_keys.read_text() == PUBLIC


def test_what_is_there_stays(stage: Stage) -> None:
    ensure(stage)
    before = stage.state.password.read_text()
    ensure(stage)
    assert stage.state.password.read_text() == before
    assert len(stage.started("docker run")) == 2


def test_a_key_of_the_users_own_stays(stage: Stage) -> None:
    stage.state.authorized_keys.write_text("ssh-ed25519 mine\n", encoding="utf-8")
    ensure(stage)
    assert stage.state.authorized_keys.read_text() == PUBLIC + "ssh-ed25519 mine\n"
    ensure(stage)
    assert stage.state.authorized_keys.read_text() == PUBLIC + "ssh-ed25519 mine\n"


def test_a_new_key_takes_the_place_of_the_one_that_was_deleted(stage: Stage) -> None:
    theirs = "ssh-ed25519 BBBB ada@laptop\nssh-rsa CCCC workbench\n"
    stage.state.authorized_keys.write_text(f"ssh-ed25519 OLD workbench\n{theirs}", encoding="utf-8")
    ensure(stage)
    assert stage.state.authorized_keys.read_text() == PUBLIC + theirs


def test_the_password_is_never_a_word_of_a_command(stage: Stage) -> None:
    ensure(stage)
    password = stage.state.password.read_text().strip()
    assert len(password) >= 16
    assert not [ran for ran in stage.ran if password in ran.line or password in str(ran.env)]
    assert stage.started("docker run")[0].text == f"{password}\n"


def test_the_engine_keeps_no_log_of_key_or_password(stage: Stage) -> None:
    ensure(stage)
    closed = {"--log-driver=none", "--network=none"}
    assert [closed <= set(ran.argv) for ran in stage.started("docker run")] == [True, True]


def test_stopped_halfway_the_next_start_makes_the_rest(stage: Stage) -> None:
    ensure(stage)
    stage.state.identity.unlink()
    stage.state.authorized_keys.unlink()
    ensure(stage)
    assert stage.state.identity.read_text() == PRIVATE
    assert stage.state.authorized_keys.read_text() == PUBLIC


def test_a_list_of_keys_that_was_deleted_is_made_again_from_the_same_key(stage: Stage) -> None:
    ensure(stage)
    stage.state.authorized_keys.unlink()
    ensure(stage)
    assert stage.state.authorized_keys.read_text() == PUBLIC
    assert len(stage.started("docker run")) == 2


def test_a_hash_is_there_only_with_its_password(stage: Stage) -> None:
    stage.state.password.mkdir()  # so that it cannot be written
    with pytest.raises(OSError, match="directory"):
        credentials.set_password(stage.docker, stage.state, IMAGE, "correct horse")
    assert not stage.state.password_hash.exists()


@pytest.mark.parametrize("password", ["", "short", "seven77"])
def test_a_short_password_is_refused(password: str, stage: Stage) -> None:
    with pytest.raises(
        RequestError, match=f"a password of {len(password)} characters found; accepted are 8 or more"
    ):
        credentials.set_password(stage.docker, stage.state, IMAGE, password)
    assert not stage.state.password.exists()


def test_an_image_without_ssh_keygen_is_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MAKE_KEY", "true")
    with pytest.raises(WorkbenchError, match=f"ssh-keygen in {IMAGE} made no key"):
        ensure(stage)
