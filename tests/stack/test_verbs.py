"""The everyday verbs as they are typed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.stack.notebook_server import Jupyter
from tests.stack.programs import environment, in_background, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.workbench import Workbench

VERBS = "up down clean doctor status smoke-test password ssh ssh-config shell logs train serve test"
KEYS = {
    "variant",
    "reason",
    "image",
    "health.workbench",
    "health.tensorboard",
    "jupyter.url",
    "jupyter.password_file",
    "ssh.host",
    "ssh.port",
    "ssh.user",
    "ssh.identity_file",
    "tensorboard.url",
}
NEW = "a new 密码 with 'quotes' and $igns"


def keys(tree: dict[str, object], prefix: str = "") -> set[str]:
    """Names of the leaves: {"a": {"b": 1}} -> {"a.b"}."""
    found = set()
    for name, value in tree.items():
        found |= keys(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}"}
    return found


def test_make_alone_prints_every_verb(workbench: Workbench) -> None:
    said = workbench.make().stdout
    assert [verb for verb in VERBS.split() if not re.search(rf"^{verb}\s+[A-Z]", said, re.MULTILINE)] == []


def test_status_in_json_has_the_keys_that_scripts_rely_on(workbench: Workbench) -> None:
    ended = workbench.make("--silent", "status", "FORMAT=json")
    assert ended.returncode == 0
    assert keys(json.loads(ended.stdout)) - {"name"} == KEYS


def test_status_in_text_says_the_same(workbench: Workbench) -> None:
    said = dict(line.split(maxsplit=1) for line in workbench.make("--silent", "status").stdout.splitlines())
    assert said.keys() >= KEYS
    assert said["health.workbench"] == "healthy"


def test_status_tells_types_not_only_texts(workbench: Workbench) -> None:
    status = json.loads(workbench.launcher("status", FORMAT="json").stdout)
    assert type(status["ssh"]["port"]) is int
    assert os.path.isfile(status["ssh"]["identity_file"])  # noqa: PTH113 - as a script would


def test_a_wrong_format_is_refused(workbench: Workbench) -> None:
    ended = workbench.launcher("status", FORMAT="yaml")
    assert ended.returncode == 2
    assert "FORMAT=yaml: accepted are text, json." in ended.stderr


# ssh and shell


@pytest.mark.parametrize("verb", ["ssh", "shell"])
def test_a_command_runs_there(workbench: Workbench, verb: str) -> None:
    assert workbench.make("--silent", verb, "ARGS=id -un").stdout == "nlp\n"


@pytest.mark.parametrize("command", [("ssh", "exit", "7"), ("shell", "bash", "-c", "exit 7")])
def test_the_exit_code_of_a_command_comes_back(workbench: Workbench, command: tuple[str, ...]) -> None:
    assert workbench.launcher(*command).returncode == 7


@pytest.mark.parametrize("verb", ["ssh", "shell"])
def test_make_names_the_exit_code(workbench: Workbench, verb: str) -> None:
    ended = workbench.make(verb, "ARGS=grep -q nothing /dev/null")
    assert ended.returncode == 2
    assert "Error 1" in ended.stderr


@pytest.mark.parametrize("verb", ["ssh", "shell"])
def test_a_pipe_goes_through(workbench: Workbench, verb: str) -> None:
    assert workbench.make("--silent", verb, "ARGS=wc -l", text="a\nb\n").stdout.strip() == "2"


def test_a_shell_on_a_terminal_has_one_there_too(workbench: Workbench) -> None:
    parent, child = pty.openpty()
    argv = ["make", "--silent", "shell", "ARGS=tty"]
    with subprocess.Popen(argv, cwd=workbench.checkout, env=environment(), stdin=child, stdout=child):
        os.close(child)
        assert b"/dev/pts/" in os.read(parent, 1000)
    os.close(parent)


def test_logs_are_followed_until_ctrl_c(workbench: Workbench) -> None:
    with in_background(["make", "logs"], workbench.checkout) as logs:
        assert logs.stdout is not None
        assert " | " in logs.stdout.readline()
        Jupyter(workbench.jupyter).ask("GET", "api/contents/seen-in-the-logs")
        assert any("seen-in-the-logs" in line for line in logs.stdout)
        assert logs.poll() is None
        os.killpg(logs.pid, signal.SIGINT)
        wait_until(lambda: logs.poll() is not None, "make logs ended", seconds=20)


# The password


@pytest.fixture
def original(workbench: Workbench) -> Iterator[str]:
    """The password before the test, and after it."""
    before = workbench.password
    yield before
    if workbench.password != before:
        assert workbench.make("password", text=f"{before}\n").returncode == 0


def test_a_new_password_replaces_the_old_one(workbench: Workbench, original: str) -> None:
    ended = workbench.make("password", text=f"{NEW}\n")
    assert ended.returncode == 0, ended.stderr
    assert Jupyter(workbench.jupyter).log_in(NEW)
    assert not Jupyter(workbench.jupyter).log_in(original)
    assert NEW not in ended.stdout + ended.stderr


@pytest.mark.parametrize("short", ["", "seven77"], ids=["nothing", "seven characters"])
def test_too_short_a_password_is_refused_and_changes_nothing(
    workbench: Workbench, original: str, short: str
) -> None:
    ended = workbench.launcher("password", text=f"{short}\n")
    assert (ended.returncode, workbench.password) == (2, original)
    assert f"{len(short)} characters found; accepted are 8 or more" in ended.stderr
    assert Jupyter(workbench.jupyter).log_in(original)
