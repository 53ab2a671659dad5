"""A second checkout on the same host: its own name, ports and volumes; `make clean` takes only those."""

from __future__ import annotations

import re
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from tests.stack.notebook_server import Jupyter
from tests.stack.openssh import OpenSsh, stranger
from tests.stack.programs import run
from tests.stack.workbench import CHECKOUT, SERVICES, Workbench, find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def second(workbench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """This checkout's files at another place, started there without any setting."""
    checkout = tmp_path_factory.mktemp("another place") / "check out"
    copy(workbench.checkout, checkout)
    ended = run(["make", "up"], checkout, seconds=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = find(checkout)
    yield found
    if things(found.name, "volume"):
        assert found.make("clean", YES="1").returncode == 0


def copy(source: Path, target: Path) -> None:
    """Every file that git keeps, as it is now."""
    for name in run(["git", "ls-files", "-z"], source).stdout.split("\0"):
        if name and (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def things(name: str, kind: str) -> list[str]:
    """What the engine keeps for a project: containers, volumes or networks."""
    listing = {"container": "--all"}.get(kind, "--quiet")
    label = f"label=com.docker.compose.project={name}"
    return run(["docker", kind, "ls", "--quiet", listing, "--filter", label], CHECKOUT).stdout.split()


def test_it_names_itself_after_its_folder(second: Workbench) -> None:
    assert re.fullmatch("check-out-[0-9a-f]{4}", second.name)


def test_both_are_healthy(workbench: Workbench, second: Workbench) -> None:
    assert workbench.healthy()
    assert second.healthy()


def test_they_share_no_port(workbench: Workbench, second: Workbench) -> None:
    ports = [(one.jupyter, one.ssh_port, one.tensorboard) for one in (workbench, second)]
    assert [a == b for a, b in zip(*ports, strict=True)] == [False, False, False]


def test_they_share_no_volume_and_no_network(workbench: Workbench, second: Workbench) -> None:
    for service in SERVICES:
        mine, others = ({m["Source"] for m in one.inspect(service)["Mounts"]} for one in (workbench, second))
        assert mine & others == set()
        assert second.inspect(service)["NetworkSettings"]["Networks"].keys() == {f"{second.name}_default"}


def test_the_first_ones_password_does_not_open_the_second(workbench: Workbench, second: Workbench) -> None:
    assert Jupyter(second.jupyter).log_in(second.password)
    assert not Jupyter(second.jupyter).log_in(workbench.password)


def test_the_first_ones_key_does_not_open_the_second(workbench: Workbench, second: Workbench) -> None:
    assert stranger(second, "-i", str(second.identity_file)) == ""
    assert "Permission denied (publickey)" in stranger(second, "-i", str(workbench.identity_file))


def test_one_ssh_configuration_serves_both(workbench: Workbench, second: Workbench, tmp_path: Path) -> None:
    for one in (workbench, second):
        assert one.launcher("ssh-config", HOME=str(tmp_path)).returncode == 0
    for one in (workbench, second):
        host = OpenSsh(tmp_path / ".ssh" / "config", one.name).command("hostname").strip()
        assert one.container("workbench").startswith(host)


def test_a_taken_port_that_was_asked_for_is_refused_with_a_free_one(second: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = second.launcher("up", JUPYTER_PORT=str(port))
    assert ended.returncode == 2
    assert re.search(rf"JUPYTER_PORT={port}: .*JUPYTER_PORT=(?!{port})\d+", ended.stderr)
    assert second.healthy()


@pytest.mark.parametrize("gone", [".workbench", "workspace", "notebooks"])
def test_a_container_whose_checkout_is_gone_leaves_no_folder_there(second: Workbench, gone: str) -> None:
    """As at an engine's own start: `restart: unless-stopped` outlives a deleted folder."""
    container, aside = second.container("workbench"), second.checkout / "aside"
    run(["docker", "stop", container], CHECKOUT)
    (second.checkout / gone).rename(aside)
    try:
        ended = run(["docker", "start", container], CHECKOUT)
        assert (ended.returncode, (second.checkout / gone).exists()) == (1, False)
        assert "bind source path does not exist" in ended.stderr
    finally:
        aside.rename(second.checkout / gone)
    assert second.make("up").returncode == 0
    assert second.healthy()


def test_clean_asks_and_no_deletes_nothing(second: Workbench) -> None:
    before = [things(second.name, kind) for kind in ("container", "volume", "network")]
    ended = second.launcher("clean", text="no\n")
    assert (ended.returncode, ended.stdout.endswith("Nothing was deleted.\n")) == (1, True)
    assert f"the image {second.image}" in ended.stdout
    assert [things(second.name, kind) for kind in ("container", "volume", "network")] == before
    assert second.healthy()


def test_clean_takes_only_its_own(workbench: Workbench, second: Workbench) -> None:
    before = workbench.containers()
    kept = second.checkout / "workspace" / "data" / "raw" / "kept.txt"
    kept.write_text("here")
    assert second.launcher("clean", YES="1").returncode == 0
    assert [things(second.name, kind) for kind in ("container", "volume", "network")] == [[], [], []]
    assert run(["docker", "image", "inspect", second.image], CHECKOUT).returncode != 0
    assert kept.read_text() == "here"
    assert (workbench.containers(), workbench.healthy()) == (before, True)


def test_after_clean_there_is_no_workbench(second: Workbench) -> None:
    ended = second.launcher("status")
    assert ended.returncode == 2
    assert "make up" in ended.stderr
    assert not (second.checkout / ".workbench" / "jupyter_password").exists()


def test_a_name_that_another_checkout_uses_is_refused(workbench: Workbench, second: Workbench) -> None:
    ended = second.launcher("up", NAME=workbench.name)
    assert ended.returncode == 2
    assert f"NAME={workbench.name}: {workbench.checkout} on this host uses it" in ended.stderr
    assert workbench.healthy()
