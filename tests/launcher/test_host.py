"""The door to the outside world: files, programs on PATH, sockets, who we are."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

import pytest

from launcher.host import Host

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path) -> Host:
    return Host(tmp_path, {"PATH": f"{tmp_path}/one:{tmp_path}/two"})


def program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def test_a_file_is_read_under_the_root(here: Host) -> None:
    (here.root / "etc").mkdir()
    (here.root / "etc/os-release").write_bytes(b"ID=debian \xff")
    assert here.read_text("/etc/os-release") == "ID=debian �"
    assert here.exists("/etc/os-release")
    assert here.list_dir("/etc") == ["os-release"]


@pytest.mark.parametrize("path", ["/absent", "/", "/a\0b"])
def test_what_cannot_be_read_is_none(path: str, here: Host) -> None:
    assert here.read_text(path) is None


def test_what_is_not_there_has_no_listing_and_no_owner(here: Host) -> None:
    assert here.list_dir("/absent") == []
    assert here.stat("/absent") is None
    assert not here.exists("/absent")
    assert here.same_disk("/absent", "/")


def test_a_folder_has_an_owner_and_room(here: Host) -> None:
    found = here.stat("/")
    assert found is not None
    assert (found.uid, found.is_dir) == (os.getuid(), True)
    assert here.can_write("/")
    assert (here.disk_free("/not/yet/made") or 0) > 0


def test_every_program_of_a_name_is_found_in_the_order_of_path(here: Host) -> None:
    program(here.root / "one/docker")
    program(here.root / "two/docker")
    assert here.which_all("docker") == [f"{here.root}/one/docker", f"{here.root}/two/docker"]
    assert here.which("docker") == f"{here.root}/one/docker"


def test_a_link_to_a_program_seen_already_is_not_another_one(here: Host) -> None:
    program(here.root / "one/docker")
    (here.root / "two").mkdir()
    (here.root / "two/docker").symlink_to(here.root / "one/docker")
    assert here.which_all("docker") == [f"{here.root}/one/docker"]


def test_what_cannot_be_started_is_no_program(here: Host) -> None:
    program(here.root / "one/docker")
    (here.root / "one/docker").chmod(0o644)
    assert here.which("docker") is None


@pytest.mark.usefixtures("real_world")
def test_a_port_with_a_listener_cannot_be_bound(here: Host) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not here.can_bind("127.0.0.1", port)
    assert here.can_bind("127.0.0.1", port)


@pytest.mark.usefixtures("real_world")
@pytest.mark.parametrize("address", ["no such address", "203.0.113.7"])
def test_an_address_of_nobody_cannot_be_bound(address: str, here: Host) -> None:
    assert not here.can_bind(address, 8888)


@pytest.mark.usefixtures("real_world")
def test_why_nobody_can_listen_is_told_apart(here: Host) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert here.bind_error("127.0.0.1", port) == errno.EADDRINUSE
    assert here.bind_error("203.0.113.7", 0) == errno.EADDRNOTAVAIL
    assert here.bind_error("127.0.0.1", port) == here.bind_error("0.0.0.0", 0) == 0  # noqa: S104


def test_it_knows_who_we_are(here: Host) -> None:
    assert here.uid == os.getuid()
    assert here.is_root == (os.geteuid() == 0)
    assert here.username
    assert here.groups
    assert here.kernel == os.uname().sysname
    assert here.now() > 1_700_000_000
