"""Which archives apt uses, and what a base is made from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from launcher import apt, debian
from launcher.errors import CommandFailed, HostNotReady
from launcher.host import Completed
from launcher.probes import apt as archives
from tests.launcher.fakes import RELEASES
from tests.launcher.stage import Stage, Told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.fakes import FakeHost

LIST = "/etc/apt/sources.list"
STANZAS = """\
# Debian's own
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: trixie
Components: main
"""


def suites(host: FakeHost) -> list[tuple[str, str]]:
    return [(one.address, one.suite) for one in archives.look(host)]


def test_one_line_lists(host: FakeHost) -> None:
    text = """
# deb http://a.example/x y main
deb [arch=amd64 signed-by=/k] http://mirror.example/debian/ trixie main  # why
deb-src http://s.example/d trixie main
"""
    host.write(LIST, text)
    assert archives.look(host) == [archives.Archive("http://mirror.example/debian", "trixie", ("main",))]


def test_stanzas(host: FakeHost) -> None:
    host.write(LIST, "")
    host.write("/etc/apt/sources.list.d/debian.sources", STANZAS)
    mirror = "http://mirror.example/debian"
    assert suites(host) == [
        (mirror, "trixie"),
        (mirror, "trixie-updates"),
        (f"{mirror}-security", "trixie-security"),
    ]


def test_a_cloud_images_list_of_mirrors(host: FakeHost) -> None:
    host.write(LIST, "deb mirror+file:/etc/apt/mirrors/debian.list trixie main\n")
    host.write("/etc/apt/mirrors/debian.list", "http://mirror.example/debian/\n")
    assert suites(host) == [("http://mirror.example/debian", "trixie")]


def test_other_files_in_the_folder_are_no_lists(host: FakeHost) -> None:
    host.write("/etc/apt/sources.list.d/old.list.save", "deb http://old.example/debian trixie main\n")
    assert len(suites(host)) == 1


def test_a_third_partys_archive_is_not_debians(host: FakeHost) -> None:
    host.write(
        LIST, "deb http://code.example/repo stable main\ndeb http://mirror.example/debian trixie main\n"
    )
    assert apt.debian(host, None) == "http://mirror.example/debian"


def test_the_users_mirror_comes_first(host: FakeHost) -> None:
    assert apt.debian(host, "http://own.example/") == "http://own.example/debian"


def test_no_archive_at_all_asks_for_a_mirror(host: FakeHost) -> None:
    host.write(LIST, "")
    with pytest.raises(HostNotReady, match="make up APT_MIRROR=http://mirror"):
        apt.debian(host, None)


def test_the_base_comes_from_the_hosts_own_mirror(host: FakeHost) -> None:
    host.write(LIST, "")
    host.write("/etc/apt/sources.list.d/debian.sources", STANZAS)
    mirror = "http://mirror.example/debian"
    assert debian.sources(host, None).splitlines() == [
        f"deb {mirror} bookworm main",
        f"deb {mirror} bookworm-updates main",
        f"deb {mirror}-security bookworm-security main",
    ]


def test_the_users_mirror_serves_all_three(host: FakeHost) -> None:
    assert debian.sources(host, "http://own.example").count("http://own.example/debian") == 3


def test_on_other_systems_mmdebstrap_knows_where(host: FakeHost) -> None:
    host.write("/etc/os-release", RELEASES["ubuntu"])
    assert debian.sources(host, None) == ""


def listed(tmp_path: Path, text: str) -> str:
    (tmp_path / "list").write_text(text, encoding="utf-8")
    return str(tmp_path / "list")


def test_debian_is_made_once(stage: Stage, tmp_path: Path) -> None:
    stage.programs["mmdebstrap"] = ["/usr/bin/mmdebstrap"]
    assert stage.state.build.is_dir()
    for _ in range(2):
        debian.ensure(stage.docker, Told(), listed(tmp_path, "deb x y main\n"), {"http_proxy": "p"})
    (made,) = stage.started("mmdebstrap")
    assert made.argv[-1] == str(tmp_path / "list")
    assert made.env == {"http_proxy": "p"}
    assert not (stage.state.build / "debian.tar").exists()


def test_a_failure_leaves_no_archive_behind(stage: Stage, tmp_path: Path) -> None:
    stage.programs["mmdebstrap"] = ["/usr/bin/mmdebstrap"]
    assert stage.state.build.is_dir()
    stage.fails["docker import"] = Completed(("docker",), 1, "no space left on device")
    with pytest.raises(CommandFailed):
        debian.ensure(stage.docker, Told(), listed(tmp_path, ""), {})
    assert list(stage.state.build.iterdir()) == []


def test_root_gets_mmdebstrap_installed(stage: Stage, tmp_path: Path) -> None:
    stage.user = 0
    assert stage.state.build.is_dir()
    told = Told()
    debian.ensure(stage.docker, told, listed(tmp_path, ""), {})
    assert stage.started("apt-get")[1].line.endswith("mmdebstrap debian-archive-keyring")
    assert "Installing mmdebstrap, which builds a base" in told.text


@pytest.mark.parametrize(
    ("user", "release", "command"),
    [
        (1000, "debian", "  sudo apt-get install mmdebstrap debian-archive-keyring"),
        (0, "fedora", "  apt-get install mmdebstrap"),
    ],
    ids=["a user", "root on Fedora"],
)
def test_others_are_told_how(user: int, release: str, command: str, stage: Stage, tmp_path: Path) -> None:
    stage.user = user
    stage.write("/etc/os-release", RELEASES[release])
    with pytest.raises(HostNotReady, match=re.escape(command)) as caught:
        debian.ensure(stage.docker, Told(), listed(tmp_path, ""), {})
    assert "make up REGISTRY=mirror.example" in str(caught.value)
    assert caught.value.exit_code == 2
