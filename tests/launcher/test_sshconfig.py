"""One Host block in somebody's ssh configuration."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher import sshconfig
from launcher.errors import RequestError

WAYS = {"ssh.host": "127.0.0.1", "ssh.port": "2222", "ssh.user": "nlp", "ssh.identity_file": "/k/100%/id"}
BLOCK = sshconfig.block("bench", WAYS, Path("/k/known_hosts"))


def written(folder: Path, text: bytes) -> bytes:
    path = folder / ".ssh" / "config"
    path.parent.mkdir()
    path.write_bytes(text)
    sshconfig.write(path, BLOCK)
    return path.read_bytes()


@given(st.binary().filter(lambda raw: b"workbench bench" not in raw))
def test_every_byte_of_the_rest_survives(theirs: bytes) -> None:
    with TemporaryDirectory() as folder:
        after = written(Path(folder), theirs)
    assert after.endswith(theirs)
    assert after.startswith(b"# >>> workbench bench")


def test_a_new_file_and_its_folder_are_closed_to_others(tmp_path: Path) -> None:
    path, changed = sshconfig.write(tmp_path / ".ssh" / "config", BLOCK)
    assert changed
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    sshconfig.write(tmp_path / "config", BLOCK)
    assert sshconfig.write(tmp_path / "config", BLOCK) == (tmp_path / "config", False)


def test_a_new_port_is_written_in_place(tmp_path: Path) -> None:
    once = written(tmp_path, b"Host other\n")
    path = tmp_path / ".ssh" / "config"
    path.write_bytes(b"# first\n" + once)
    sshconfig.write(path, sshconfig.block("bench", {**WAYS, "ssh.port": "2300"}, Path("/k/known_hosts")))
    assert path.read_bytes() == b"# first\n" + once.replace(b"2222", b"2300")


def test_two_workbenches_have_a_block_each(tmp_path: Path) -> None:
    once = written(tmp_path, b"")
    other = sshconfig.block("other", WAYS, Path("/k/known_hosts"))
    path, _ = sshconfig.write(tmp_path / ".ssh" / "config", other)
    assert path.read_bytes() == other.encode() + once


def test_a_link_is_followed_and_the_mode_kept(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").write_text("Host x\n", encoding="utf-8")
    (tmp_path / "dotfiles").chmod(0o644)
    (tmp_path / "config").symlink_to("dotfiles")
    sshconfig.write(tmp_path / "config", BLOCK)
    assert (tmp_path / "config").is_symlink()
    assert (tmp_path / "dotfiles").stat().st_mode & 0o777 == 0o644


def test_a_half_deleted_block_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="config:1: the line '# >>> workbench bench' has no"):
        written(tmp_path, b"# >>> workbench bench\nHost bench\n\nHost mine\n")


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    with pytest.raises(RequestError, match="config: Is a directory"):
        sshconfig.write(tmp_path / "config", BLOCK)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="the host has no ssh client")
@pytest.mark.usefixtures("real_world")
@pytest.mark.parametrize(
    ("host", "expected"),
    [("bench", ("port 2222", "user nlp", "identityfile /k/100%%/id", "identitiesonly yes",
                "compression yes")),
     ("elsewhere", ("port 22", "user ada", "compression yes"))],
    ids=["ours comes first", "options of everybody stay everybody's"],
)  # fmt: skip
def test_ssh_itself_reads_it_so(host: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    written(tmp_path, b"Compression yes\nUser ada\n\nHost *\n  Port 22\n")
    argv = ["ssh", "-G", "-F", str(tmp_path / ".ssh" / "config"), host]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert set(expected) <= set(said)
