"""No engine answers: what is installed, what is started, what is left to the owner."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from launcher import install
from launcher.errors import HostNotReady
from launcher.host import Completed, Host
from launcher.probes import system
from tests.launcher.fakes import RELEASES, SERVER, steps
from tests.launcher.stage import Stage, Told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
DENIED = "permission denied while trying to connect to the Docker daemon socket"
BOOKWORM = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
JAMMY = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04 LTS"\n'
BULLSEYE = 'ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n'


def bare(stage: Stage, release: str = RELEASES["debian"], *, root: bool = True) -> Stage:
    """Nothing is installed; what apt installs is there afterwards, and answers once it is started."""
    stage.user = 0 if root else 1000
    stage.write("/etc/os-release", release)
    stage.programs["docker"] = []
    stage.programs["sh"] = ["/bin/sh"]
    stage.on["apt-get -q --option=Acquire::Retries=1"] = lambda: stopped(stage)
    return stage


def stopped(stage: Stage) -> None:
    """The program is there and nothing answers; systemctl, or dockerd itself, mends that."""
    stage.programs.update(docker=["/usr/bin/docker"], dockerd=["/usr/sbin/dockerd"])
    stage.no_server(DOWN)
    for beginning in ("systemctl", "sh -c setsid dockerd"):
        stage.on[beginning] = stage.engine
        stage.commands[beginning] = ""


def no_systemd(stage: Stage) -> None:
    stage.remove("/run/systemd/system/.keep")
    stage.path("/run/systemd/system").rmdir()


def ensure(stage: Stage) -> str:
    told = Told()
    install.ensure(stage, told, stage.settings)
    return told.text


def test_an_engine_that_answers_is_used_as_it_is(stage: Stage) -> None:
    stage.user = 0
    assert ensure(stage) == ""
    assert not stage.started("apt-get")


@pytest.mark.parametrize(
    ("release", "packages"),
    [
        (RELEASES["debian"], "docker.io docker-cli docker-compose docker-buildx"),
        (RELEASES["ubuntu"], "docker.io docker-compose-v2 docker-buildx"),
        (JAMMY, "docker.io docker-compose-v2 docker-buildx"),
    ],
    ids=["Debian 13", "Ubuntu 24.04", "Ubuntu 22.04"],
)
def test_root_gets_the_distributions_own_packages(release: str, packages: str, stage: Stage) -> None:
    said = ensure(bare(stage, release))
    (asked,) = stage.started("apt-get")[1:]
    assert asked.line.endswith(f"install --no-install-recommends {packages} iptables ca-certificates")
    assert asked.env["DEBIAN_FRONTEND"] == "noninteractive"
    assert f"  {packages}\n" in said
    assert not stage.exists(install.PIN)
    assert [ran.line for ran in stage.started("systemctl")] == ["systemctl enable --now docker"]


def test_it_says_what_it_does_before_it_does_it(stage: Stage) -> None:
    bare(stage).fails["apt-get"] = Completed(("apt-get",), 100, "no network")
    told = Told()
    with pytest.raises(Exception, match="no network"):
        install.ensure(stage, told, stage.settings)
    assert "Installing it on Debian GNU/Linux 13 (trixie):\n  docker.io" in told.text


def test_debian_12_takes_compose_from_debian_13_and_nothing_else(stage: Stage) -> None:
    bare(stage, BOOKWORM).write("/etc/apt/sources.list", "deb http://mirror.example/debian bookworm main\n")
    stage.programs["dockerd"] = []
    said = ensure(stage)
    assert "URIs: http://mirror.example/debian\nSuites: trixie\n" in (stage.read_text(install.SOURCES) or "")
    pin = stage.read_text(install.PIN) or ""
    assert "Package: *\nPin: release n=trixie\nPin-Priority: -10" in pin
    assert "Package: docker.io docker-cli docker-compose docker-buildx\nPin: release n=trixie" in pin
    assert f"pinned in {install.PIN}" in said


def test_dockers_own_repository_is_kept_to(stage: Stage) -> None:
    bare(stage, BOOKWORM).write(
        "/etc/apt/sources.list.d/docker.list", "deb http://mirror.example/d bookworm stable\n"
    )
    ensure(stage)
    assert "docker-ce docker-ce-cli" in stage.started("apt-get")[1].line
    assert not stage.exists(install.PIN)


def without(stage: Stage, *lacking: str) -> None:
    """An engine that answers, and a client that lacks plugins, until apt-get has brought them."""
    stage.user = 0
    plugins = [one for one in SERVER["ClientInfo"]["Plugins"] if one["Name"] not in lacking]
    stage.engine(ClientInfo={**SERVER["ClientInfo"], "Plugins": plugins})
    for name, more in {"compose": " --short", "buildx": ""}.items():
        if name in lacking:
            stage.commands[f"docker {name} version{more}"] = Completed((), 1)
    stage.on["apt-get -q"] = stage.engine


@pytest.mark.parametrize(
    ("release", "engine", "lacking", "packages"),
    [
        ("debian", "docker.io", ("compose",), "docker-compose"),
        ("ubuntu", "docker.io", ("compose", "buildx"), "docker-compose-v2 docker-buildx"),
        ("debian", "docker-ce", ("buildx",), "docker-buildx-plugin"),
        ("debian", "docker-ce", ("compose", "buildx"), "docker-compose-plugin docker-buildx-plugin"),
    ],
)
def test_an_engine_that_answers_gets_only_what_it_lacks(
    release: str, engine: str, lacking: tuple[str, ...], packages: str, stage: Stage
) -> None:
    stage.write("/etc/os-release", RELEASES[release])
    stage.write(f"/var/lib/dpkg/info/{engine}.list", "")
    without(stage, *lacking)
    said = ensure(stage)
    assert stage.started("apt-get")[1].line.endswith(f"install --no-install-recommends {packages}")
    assert f"plugins. Installing them on {system.look(stage).name}:\n  {packages}\n" in said


def test_an_engine_of_unknown_origin_is_left_as_it_is(stage: Stage) -> None:
    stage.remove("/var/lib/dpkg/info/docker.io.list")
    without(stage, "compose")
    with pytest.raises(
        HostNotReady, match=r"(?s)has no Compose plugin.*add Compose and buildx to this client"
    ):
        ensure(stage)
    assert not stage.started("apt-get")


def test_the_proxy_of_the_settings_reaches_apt(stage: Stage) -> None:
    stage.write_env("HTTPS_PROXY=http://proxy.example:3128\n")
    ensure(bare(stage))
    assert stage.started("apt-get")[0].env["https_proxy"] == "http://proxy.example:3128"


def test_without_systemd_the_daemon_gets_a_session_of_its_own(stage: Stage) -> None:
    no_systemd(bare(stage))
    said = ensure(stage)
    assert [ran.argv[2] for ran in stage.started("sh")] == [
        "setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &"
    ]
    assert "dockerd runs in the background and writes to /var/log/dockerd.log" in said


@pytest.mark.parametrize("systemd", [True, False], ids=["with systemd", "without systemd"])
def test_an_engine_that_is_only_stopped_is_started(systemd: bool, stage: Stage) -> None:  # noqa: FBT001
    stage.user = 0
    stopped(stage)
    if not systemd:
        no_systemd(stage)
    ensure(stage)
    assert not stage.started("apt-get")
    assert bool(stage.started("systemctl")) is systemd


def test_an_engine_that_does_not_come_up_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "START_SECONDS", 0)
    stage.user = 0
    stopped(stage)
    stage.on.clear()
    with pytest.raises(HostNotReady, match="Is the docker daemon running"):
        ensure(stage)


AS_ROOT = "As root, `make up` does it by itself"
ELSEWHERE: dict[str, tuple[Callable[[Stage], object], tuple[str, ...]]] = {
    "an ordinary user": (lambda it: bare(it, root=False), ("sudo apt-get install -y docker.io", AS_ROOT)),
    "root on Fedora": (lambda it: bare(it, RELEASES["fedora"]), ("dnf install -y moby-engine", "systemctl")),
    "a user on Fedora": (lambda it: bare(it, RELEASES["fedora"], root=False), ("sudo dnf install -y",)),
    "Debian 11": (lambda it: bare(it, BULLSEYE), ("get.docker.com",)),
    "a user on Debian 12": (lambda it: bare(it, BOOKWORM, root=False), ("get.docker.com", AS_ROOT)),
    "never": (lambda it: bare(it).env.update(ENGINE_INSTALL="never"), ("ENGINE_INSTALL=never forbids",)),
    "a closed socket": (
        lambda it: it.no_server(DENIED),
        ("sudo usermod -aG docker ada", "permission denied"),
    ),
    "Podman": (lambda it: it.commands.update({"docker info": '{"host": {}, "store": {}}'}), ("Podman",)),
    "a remote engine": (lambda it: it.env.update(DOCKER_HOST="tcp://far.example:2376"), ("another machine",)),
    "an old engine": (lambda it: it.engine(ServerVersion="20.10.24"), ("Docker Engine 20.10.24",)),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_elsewhere_the_exact_commands_are_given(case: str, stage: Stage) -> None:
    change, words = ELSEWHERE[case]
    change(stage)
    with pytest.raises(HostNotReady) as caught:
        ensure(stage)
    assert [word for word in [*words, "Then: make up"] if word not in str(caught.value)] == []
    assert caught.value.exit_code == 2
    assert not stage.started("apt-get")


CHOSEN: dict[str, Callable[[Stage], object]] = {
    "a closed socket": lambda it: it.no_server(DENIED),
    "Podman": ELSEWHERE["Podman"][0],
    "a remote engine": steps(
        lambda it: it.env.update(DOCKER_HOST="tcp://far.example:2376"), lambda it: it.no_server(DOWN)
    ),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_root_too_leaves_alone_what_the_owner_chose(case: str, stage: Stage) -> None:
    stage.user = 0
    CHOSEN[case](stage)
    with pytest.raises(HostNotReady):
        ensure(stage)
    assert not [*stage.started("apt-get"), *stage.started("systemctl"), *stage.started("sh ")]


def test_finding_never_installs(stage: Stage) -> None:
    with pytest.raises(HostNotReady, match="no program called docker"):
        install.find(bare(stage), stage.settings)
    assert not stage.started("apt-get")


@pytest.mark.usefixtures("real_world")
def test_a_daemon_started_by_hand_outlives_make_and_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    daemon, number = tmp_path / "dockerd", tmp_path / "number"
    daemon.write_text(
        f"#!/bin/sh\necho $$ >{number}.new\nmv {number}.new {number}\nexec sleep 60\n", encoding="utf-8"
    )
    daemon.chmod(0o755)
    monkeypatch.setattr(install, "DAEMON_LOG", str(tmp_path / "log"))
    host = Host(environ={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    install._Effort(host, Told(), stage.settings)._spawn()  # noqa: SLF001 - the rest would start a real engine
    pid = _number(number)
    try:
        assert os.getsid(pid) == pid
        ppid = subprocess.check_output(["ps", "-o", "ppid=", "-p", str(pid)], text=True)
        assert int(ppid) != os.getpid()
    finally:
        os.kill(pid, 9)


def _number(path: Path) -> int:
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(path.read_text(encoding="utf-8"))
