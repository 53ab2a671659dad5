"""The everyday verbs, on a host with an engine that remembers."""

from __future__ import annotations

import builtins
import getpass
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from launcher import dotenv, lock, status, workspace
from launcher.errors import HostNotReady, RequestError
from tests.launcher.stage import HASH, NAME, Told, verbs

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.state import State
    from tests.launcher.stage import Ran, Stage

KEYS = ["name", "variant", "reason", "image", "health", "jupyter", "ssh", "tensorboard"]


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that the terminal was given to."""
    words: list[str] = []
    monkeypatch.setattr(os, "execvp", lambda _name, argv: words.__iadd__(argv))
    return words


class Typed(io.StringIO):
    """A person at a terminal."""

    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    answers = iter(passwords)
    monkeypatch.setattr(sys, "stdin", Typed())
    monkeypatch.setattr(getpass, "getpass", lambda _question: next(answers))


@pytest.mark.parametrize("verb", ["down", "clean", "password", "ssh_config", "logs"])
def test_before_the_first_start_every_verb_says_make_up(verb: str, stage: Stage) -> None:
    with pytest.raises(HostNotReady, match=r"this checkout has no workbench yet\. Start it: make up"):
        getattr(verbs(stage), verb)()


@pytest.mark.parametrize("verb", ["password", "ssh_config", "logs"])
def test_what_needs_a_running_workbench_says_so(verb: str, running: Stage) -> None:
    running.containers["workbench"]["State"]["Status"] = "exited"
    with pytest.raises(HostNotReady, match=r"not running \(exited\). Start it: make up"):
        getattr(verbs(running), verb)()


@pytest.mark.parametrize("state", ["starting", "healthy", "unhealthy"])
def test_what_runs_can_be_looked_into_however_it_is(state: str, running: Stage) -> None:
    running.containers["workbench"]["State"]["Health"]["Status"] = state
    assert verbs(running).running()[1] == running.containers["workbench"]["Id"]


def test_down_keeps_all_data(running: Stage) -> None:
    told = Told()
    assert verbs(running, told).down() == 0
    (stopped,) = [ran for ran in running.ran if "down" in ran.argv]
    assert "--volumes" not in stopped.argv
    assert not running.started("docker image rm")
    assert running.state.password.exists()
    assert "the image are kept. Again: make up" in told.text


def test_down_ends_the_services_of_every_profile(running: Stage) -> None:
    verbs(running).down()
    (stopped,) = [ran for ran in running.ran if "down" in ran.argv]
    assert "--profile * down" in stopped.line


def refuse(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(builtins, "input", lambda _question: answer)


@pytest.mark.parametrize("answer", ["", "y", "no", "YES"])
def test_clean_deletes_nothing_without_a_whole_yes(
    answer: str, running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, answer)
    told = Told()
    assert verbs(running, told).clean() == 1
    assert "the volume `home`" in told.text
    assert told.text.endswith("Nothing was deleted.\n")
    assert running.state.password.exists()
    assert not [ran for ran in running.ran if "down" in ran.argv]


def test_clean_without_anybody_to_ask_deletes_nothing(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_question: str) -> NoReturn:
        raise EOFError

    monkeypatch.setattr(builtins, "input", nobody)
    assert verbs(running).clean() == 1


@pytest.mark.parametrize("by", ["an answer", "YES=1"])
def test_clean_deletes_what_it_said_and_nothing_more(
    by: str, running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "YES=1":
        running.env["YES"] = "1"
    refuse(monkeypatch, "yes")
    running.write_env("MINE=1\n" + running.read_env())
    assert verbs(running).clean() == 0
    (stopped,) = [ran for ran in running.ran if "down" in ran.argv]
    assert "--volumes" in stopped.argv
    assert running.started("docker image rm")[0].argv[-1] == f"nlp-workbench/{NAME}:cpu"
    assert dotenv.read(running.checkout / ".env") == dotenv.DotEnv({"MINE": "1"}, {})
    assert not (running.checkout / ".workbench").exists()
    assert (running.checkout / "workspace" / "data").is_dir()


def test_a_password_is_asked_for_twice(running: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "correct horse", "correct horse")
    told = Told()
    assert verbs(running, told).password() == 0
    assert "Jupyter starts anew with it: what runs in its notebooks and terminals ends.\n" in told.text
    assert running.state.password.read_text(encoding="utf-8") == "correct horse\n"
    assert running.state.password_hash.read_text(encoding="utf-8") == HASH
    assert "correct horse" not in told.text
    assert [ran for ran in running.started("docker exec") if "/run/workbench/services/jupyter" in ran.line]


def test_a_new_password_is_handed_over_before_jupyter_reads_it(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "correct horse", "correct horse")
    running.state.password_hash.unlink()
    seen: list[tuple[bool, bool]] = []

    def note(_host: Stage, state: State) -> None:
        seen.append((state.password_hash.exists(), bool(running.started("docker exec id-workbench bash"))))

    monkeypatch.setattr(workspace, "hand_over", note)
    verbs(running).password()
    assert seen == [(True, False)]


def test_two_passwords_that_differ_change_nothing(running: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = running.state.password.read_text(encoding="utf-8")
    typed(monkeypatch, "correct horse", "correct hearse")
    with pytest.raises(RequestError, match="the two passwords differ"):
        verbs(running).password()
    assert running.state.password.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("line", ["", "\n", "short\n"])
def test_a_password_through_a_pipe_obeys_the_same_rules(
    line: str, running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))
    with pytest.raises(RequestError, match=r"accepted are 8 or more\. Nothing was changed"):
        verbs(running).password()


def test_a_password_through_a_pipe_keeps_its_blanks(running: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("  two blanks  \r\nmore"))
    verbs(running).password()
    assert running.state.password.read_text(encoding="utf-8") == "  two blanks  \n"


def test_ssh_passes_the_command_on_as_it_is(running: Stage, became: list[str]) -> None:
    verbs(running).ssh(["python", "-c", "print(1)"])
    assert became == ["ssh", "-F", str(running.state.ssh_config), NAME, "python", "-c", "print(1)"]


def test_a_host_without_ssh_is_told_of_make_shell(running: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str, _argv: list[str]) -> NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(os, "execvp", missing)
    with pytest.raises(
        HostNotReady, match=r"ssh is not installed on this host\. `make shell` needs only the engine"
    ):
        verbs(running).ssh([])


def test_ssh_config_writes_one_block_and_then_nothing(running: Stage) -> None:
    running.env["HOME"] = str(running.checkout / "ada")
    told = Told()
    for _ in range(2):
        assert verbs(running, told).ssh_config() == 0
    assert f"Host {NAME} written. Try: ssh {NAME}" in told.text
    assert f"Host {NAME} is up to date" in told.text


@pytest.mark.parametrize(
    ("command", "ending"), [([], ["bash", "--login"]), (["nvidia-smi", "-L"], ["nvidia-smi", "-L"])]
)
def test_shell_goes_through_the_engine(
    command: list[str], ending: list[str], running: Stage, became: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    verbs(running).shell(command)
    assert became[len(running.docker.compose()) :] == ["exec", "-T", "workbench", *ending]


def test_logs_follow(running: Stage, became: list[str]) -> None:
    verbs(running).logs()
    assert became[-4:] == ["logs", "--follow", "--tail", "100"]


def test_status_in_json_has_fixed_keys(running: Stage) -> None:
    running.env["FORMAT"] = "json"
    out = io.StringIO()
    assert status.run(verbs(running), out) == 0
    found = json.loads(out.getvalue())
    assert list(found) == KEYS
    assert found["health"] == {"workbench": "healthy", "tensorboard": "healthy"}
    assert found["ssh"] == {
        "host": "127.0.0.1",
        "port": 2222,
        "user": "nlp",
        "identity_file": str(running.state.identity),
    }


def test_status_in_text_has_the_same_words(running: Stage) -> None:
    out = io.StringIO()
    status.run(verbs(running), out)
    assert f"image                  nlp-workbench/{NAME}:cpu\n" in out.getvalue()
    assert "health.workbench       healthy\n" in out.getvalue()


@pytest.mark.parametrize("state", ["exited", "absent", "unhealthy"])
def test_status_is_red_where_something_is_not_healthy(state: str, running: Stage) -> None:
    row = running.containers["tensorboard"]
    if state == "absent":
        del running.containers["tensorboard"]
    else:
        row["State"] = (
            {"Status": "running", "Health": {"Status": state}} if state == "unhealthy" else {"Status": state}
        )
    out = io.StringIO()
    assert status.run(verbs(running), out) == 1
    assert f"health.tensorboard     {state}\n" in out.getvalue()


def test_locks_are_resolved_in_the_image_with_no_address_in_them(running: Stage) -> None:
    running.env["https_proxy"] = "http://ada:pa55@proxy.example:3128"
    assert lock.run(verbs(running)) == 0
    asked = [ran for ran in running.started("docker run") if "compile" in ran.argv]
    assert [ran.argv[ran.argv.index("--no-header") + 5] for ran in asked] == [
        f"{name}.in" for name in lock.LOCKS
    ]
    assert all("--no-emit-index-url" in ran.argv and "pa55" not in ran.line for ran in asked)
    assert "--no-emit-package=torch" in asked[2].argv
    assert asked[0].env["https_proxy"].endswith("@proxy.example:3128")


def locked(stage: Stage, *words: str) -> list[Ran]:
    before = len(stage.ran)
    assert lock.run(verbs(stage), words) == 0
    return [ran for ran in stage.ran[before:] if "compile" in ran.argv]


def test_pins_stay_unless_all_are_to_be_renewed(running: Stage) -> None:
    kept, renewed = locked(running), locked(running, "--upgrade")
    assert [ran.argv[ran.argv.index(lock.KEEPING) + 1] for ran in kept] == [
        f"{name}.txt" for name in lock.LOCKS
    ]
    assert not [ran for ran in kept if "--upgrade" in ran.argv]
    assert ["--upgrade" in ran.argv for ran in renewed] == [True] * len(lock.LOCKS)


@pytest.mark.usefixtures("real_world")
def test_the_old_lock_is_where_the_new_one_is_written(tmp_path: Path) -> None:
    (tmp_path / "nlp.txt").write_text("torch==1\n", encoding="utf-8")
    uv = ["sh", "-c", 'sed s/1/2/ "${2#*=}" >new; mv new "${2#*=}"; echo noise', "uv", "x"]
    said = subprocess.check_output(["sh", "-c", lock.KEEPING, "nlp.txt", *uv], cwd=tmp_path, text=True)
    assert said == "torch==2\n"


def test_a_word_that_lock_does_not_know_is_refused(running: Stage) -> None:
    with pytest.raises(RequestError, match="--upgrades found; accepted is nothing, or ARGS=--upgrade"):
        lock.run(verbs(running), ["--upgrades"])
