"""`make ssh-config`: one Host block in the user's file, and nothing else of it changes, byte by byte."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tests.stack.programs import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack.workbench import Workbench

THEIRS = {
    "no file": b"",
    "no newline at its end": b"Host a\n  User b",
    "the line ends of Windows": b"Host a\r\n  User b\r\n",
    "options for every host at its top": b"ServerAliveInterval 61\n\nHost a\n  User b\n",
    "a host for everybody else": b"Host *\n  User b\n  Port 99\n",
    "bytes that are not UTF-8": b"# caf\xe9 \xff\nHost a\n  User b\n",
}
OTHERS = ("a", "elsewhere")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path / ".ssh" / "config"


@pytest.fixture(scope="module", params=THEIRS.values(), ids=list(THEIRS))
def theirs(request: pytest.FixtureRequest) -> bytes:
    """What the user's file holds."""
    assert isinstance(request.param, bytes)
    return request.param


@pytest.fixture(scope="module")
def written(workbench: Workbench, theirs: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's file with the block in it."""
    path = tmp_path_factory.mktemp("home") / ".ssh" / "config"
    path.parent.mkdir()
    path.write_bytes(theirs)
    write(workbench, path)
    return path


def write(workbench: Workbench, config: Path) -> str:
    ended = workbench.launcher("ssh-config", HOME=str(config.parent.parent))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def seen_by_ssh(config: Path, host: str) -> dict[str, str]:
    """Every option that ssh takes for a host."""
    lines = run(["ssh", "-G", "-F", str(config), host], config.parent).stdout.splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def test_what_was_there_is_still_there(written: Path, theirs: bytes) -> None:
    assert written.read_bytes().endswith(theirs)


def test_ssh_finds_the_workbench(workbench: Workbench, written: Path) -> None:
    seen = seen_by_ssh(written, workbench.name)
    assert (seen["hostname"], seen["port"], seen["user"]) == ("127.0.0.1", str(workbench.ssh_port), "nlp")
    assert seen["identityfile"] == str(workbench.identity_file)


def test_ssh_sees_other_hosts_as_before(written: Path, theirs: bytes, config: Path) -> None:
    config.write_bytes(theirs)
    before = [seen_by_ssh(config, host) for host in OTHERS]
    assert [seen_by_ssh(written, host) for host in OTHERS] == before


def test_a_second_time_changes_nothing(workbench: Workbench, written: Path) -> None:
    once = written.read_bytes()
    assert "is up to date" in write(workbench, written)
    assert written.read_bytes() == once


def test_an_old_block_is_updated_where_it_is(workbench: Workbench, written: Path) -> None:
    right = written.read_bytes()
    written.write_bytes(right.replace(f"Port {workbench.ssh_port}".encode(), b"Port 1"))
    write(workbench, written)
    assert written.read_bytes() == right


def test_a_block_that_the_user_moved_stays_there(workbench: Workbench, config: Path) -> None:
    write(workbench, config)
    block = config.read_bytes()
    config.write_bytes(b"Host a\n  User b\n\n" + block.replace(b"Port ", b"Port 1") + b"\nHost c\n  User d\n")
    write(workbench, config)
    assert config.read_bytes() == b"Host a\n  User b\n\n" + block + b"\nHost c\n  User d\n"


def test_a_link_is_followed(workbench: Workbench, config: Path) -> None:
    real = config.parent.parent / "dotfiles"
    real.write_bytes(b"Host a\n")
    config.symlink_to(real)
    write(workbench, config)
    assert config.is_symlink()
    assert b"Host a\n" in real.read_bytes() != b"Host a\n"


def test_a_new_file_and_its_folder_are_closed_to_others(workbench: Workbench, config: Path) -> None:
    config.parent.rmdir()
    write(workbench, config)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (config, config.parent)]
    assert modes == [0o600, 0o700]


def test_the_mode_of_a_file_that_is_there_is_kept(workbench: Workbench, config: Path) -> None:
    config.write_bytes(b"Host a\n")
    config.chmod(0o640)
    write(workbench, config)
    assert stat.S_IMODE(config.stat().st_mode) == 0o640


def test_a_block_without_an_end_is_told_and_left_alone(workbench: Workbench, config: Path) -> None:
    theirs = f"# >>> workbench {workbench.name}\nHost {workbench.name}\n".encode()
    config.write_bytes(theirs)
    ended = workbench.launcher("ssh-config", HOME=str(config.parent.parent))
    assert (ended.returncode, config.read_bytes()) == (2, theirs)
    assert "Traceback" not in ended.stderr


def test_ssh_gets_in_by_name_alone_without_being_asked(workbench: Workbench, config: Path) -> None:
    write(workbench, config)
    ended = run(
        ["ssh", "-F", str(config), workbench.name, "id -un"], config.parent, env={"SSH_ASKPASS": "false"}
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "nlp\n", "")
