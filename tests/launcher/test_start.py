"""Services that start, that do not, and that belong to somebody else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from launcher import start
from launcher.errors import CommandFailed, RequestError, WorkbenchError
from launcher.host import Completed
from launcher.start import Start
from tests.launcher.stage import NAME, Told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.stage import Stage

DECIDED = """\
# >>> written by `make up`; lines above and below are yours
WORKBENCH_NAME=bench
JUPYTER_PORT=8890
SSH_PORT=2222
TENSORBOARD_PORT=6006
# <<< written by `make up`
"""


@pytest.fixture
def stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(start, "POLL_SECONDS", 0)
    stage.write_env(DECIDED)
    return stage


def run(stage: Stage) -> str:
    told = Told()
    Start(stage.docker, told, stage.settings, stage.state).run(stage.docker.containers())
    return told.text


def test_the_last_words_say_how_to_get_in(stage: Stage) -> None:
    said = run(stage).partition("The workbench is up.")[2]
    assert (
        "Jupyter      http://127.0.0.1:8890/lab\n               password: cat .workbench/jupyter_password"
        in said
    )
    assert "ssh -p 2222 -i .workbench/ssh/id_ed25519 nlp@127.0.0.1" in said
    assert "VS Code: make ssh-config, then Remote-SSH to bench" in said
    assert "TensorBoard  http://127.0.0.1:6006/" in said
    assert "workspace/{data,models,runs} are in /workspace in the container" in said
    assert said.endswith("Next: make smoke-test\n")


def test_no_line_of_it_is_wider_than_a_terminal(stage: Stage) -> None:
    assert [line for line in run(stage).splitlines() if len(line) > 80] == []


def test_ssh_knows_the_host_key_beforehand(stage: Stage) -> None:
    run(stage)
    assert stage.state.known_hosts.read_text(encoding="utf-8") == "[127.0.0.1]:2222 ssh-ed25519 HOSTKEY\n"


def test_what_is_up_already_is_not_waited_for(stage: Stage) -> None:
    run(stage)
    said = run(stage)
    assert "Already up; nothing changed." in said
    assert "Waiting for Jupyter" not in said


def test_ssh_knows_the_host_key_also_where_all_is_up_already(stage: Stage) -> None:
    run(stage)
    stage.state.known_hosts.write_text("[127.0.0.1]:2222 ssh-ed25519 OLD\n", encoding="utf-8")
    run(stage)
    assert "HOSTKEY" in stage.state.known_hosts.read_text(encoding="utf-8")


def test_on_sshs_own_port_the_host_key_stands_as_ssh_looks_for_it(stage: Stage) -> None:
    stage.write_env(DECIDED.replace("SSH_PORT=2222", "SSH_PORT=22"))
    run(stage)
    assert stage.state.known_hosts.read_text(encoding="utf-8") == "127.0.0.1 ssh-ed25519 HOSTKEY\n"


def test_a_start_that_was_cut_short_is_completed(stage: Stage) -> None:
    stage.add_container("workbench")
    stage.add_container("tensorboard")
    run(stage)
    assert stage.state.known_hosts.exists()


def test_it_waits_until_all_answer(stage: Stage) -> None:
    stage.health = "starting"
    stage.add_container("workbench")
    stage.containers["workbench"]["RestartCount"] = 2
    looks: list[None] = []

    def later() -> None:
        looks.append(None)
        for one in stage.containers.values():
            one["State"]["Health"]["Status"] = "healthy" if len(looks) > 3 else "starting"

    stage.on["docker inspect"] = later
    assert "  ok  Waiting for Jupyter, sshd and TensorBoard" in run(stage)
    assert len(looks) > 3


@pytest.mark.parametrize(
    ("change", "word"),
    [({"State": {"Status": "exited"}}, "exited"), ({"RestartCount": 3}, "starting")],
    ids=["ended", "started again and again"],
)
def test_a_container_that_gave_up_shows_its_log_at_once(
    change: dict[str, Any], word: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _: pytest.fail("it waits"))
    monkeypatch.setattr(start, "time", clock)
    stage.health = "starting"
    stage.add_container("workbench")
    stage.containers["workbench"].update(change)
    with pytest.raises(WorkbenchError, match=f"workbench is {word}, .*\nthe last line of the log"):
        run(stage)


def test_it_does_not_wait_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "HEALTHY_SECONDS", 0)
    stage.health = "unhealthy"
    with pytest.raises(WorkbenchError, match="workbench is unhealthy"):
        run(stage)


def test_composes_own_complaint_is_shown(stage: Stage) -> None:
    stage.fails["docker compose"] = Completed(("docker", "compose"), 1, stderr="port is already allocated")
    with pytest.raises(CommandFailed, match="port is already allocated"):
        run(stage)


@pytest.mark.parametrize("state", ["exited", "created", "dead"])
def test_ports_of_a_container_that_does_not_run_are_not_ours(state: str, stage: Stage) -> None:
    stage.add_container("workbench", port="8891")
    one = stage.containers["workbench"]
    assert start.published(one) == {8891}
    one["State"]["Status"] = state
    assert start.published(one) == frozenset()


def test_each_service_holds_the_ports_of_its_own_container(stage: Stage) -> None:
    stage.add_container("workbench", port="8891")
    nothing, its = frozenset[int](), frozenset({8891})
    expected = {"jupyter": its, "ssh": its, "tensorboard": nothing, "serve": nothing}
    assert start.held(stage.containers) == expected


def test_another_checkout_with_this_name_is_left_alone(stage: Stage) -> None:
    stage.projects = [f"{NAME}\t{stage.checkout}", f"{NAME}\t/home/bob/nlp"]
    with pytest.raises(RequestError, match=r"NAME=bench: /home/bob/nlp on this host uses it already"):
        start.refuse_foreign(stage.docker, stage.settings)


def test_this_checkout_by_another_way_is_no_other(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(stage.checkout)
    stage.projects = [f"{NAME}\t{tmp_path / 'link'}"]
    start.refuse_foreign(stage.docker, stage.settings)


def test_a_checkout_that_was_moved_is_told_how_to_go_on(stage: Stage) -> None:
    stage.projects = [f"{NAME}\t{stage.checkout}-before"]
    with pytest.raises(RequestError, match="If this checkout was moved from there: make down, then make up"):
        start.refuse_foreign(stage.docker, stage.settings)


def test_other_names_do_not_matter(stage: Stage) -> None:
    stage.projects = [f"{NAME}\t{stage.checkout}", "other\t/home/bob/nlp", "third\t"]
    start.refuse_foreign(stage.docker, stage.settings)


def test_a_new_name_waits_until_the_old_one_is_down(stage: Stage) -> None:
    stage.projects = [f"{NAME}\t{stage.checkout}"]
    stage.env["NAME"] = "new"
    with pytest.raises(RequestError, match=r"still runs as bench\. Stop that first: make down"):
        start.refuse_foreign(stage.docker, stage.settings)
