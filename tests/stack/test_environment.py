"""Whichever way one gets in, the environment is the same, variable by variable."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.stack.programs import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stack.notebook_server import Jupyter
    from tests.stack.openssh import OpenSsh
    from tests.stack.workbench import Workbench

    Environment = dict[str, str]

# Names that belong to one session, not to the workbench.
PER_SESSION = re.compile(
    r"_|PWD|OLDPWD|SHLVL"  # where a shell is, and how deep
    r"|TERM|COLUMNS|LINES|LS_COLORS|PYXTERM_DIMENSIONS"  # the terminal at hand
    r"|SSH_\w+|MAIL"  # sshd: who is calling, where mail would lie
    r"|JPY_\w+|PYDEVD_\w+"  # Jupyter's kernel: its parent process, its debugger
    r"|CLICOLOR|CLICOLOR_FORCE|FORCE_COLOR|PAGER|GIT_PAGER|MPLBACKEND"  # the kernel writes to a page
    r"|JUPYTER_SERVER_ROOT|JUPYTER_SERVER_URL"  # Jupyter's terminal: the server that opened it
)
PRINT = "import json, os; print(json.dumps(dict(os.environ)))"


def lasting(environment: Environment) -> Environment:
    return {name: value for name, value in environment.items() if not PER_SESSION.fullmatch(name)}


def parse(dump: str) -> Environment:
    """The output of `env -0`."""
    return dict(pair.partition("=")[::2] for pair in dump.split("\0") if pair)


@pytest.fixture(scope="session")
def expected(workbench: Workbench) -> Environment:
    """What an engine exec sees."""
    return lasting(parse(workbench.inside("env", "-0")))


@pytest.fixture
def typed(workbench: Workbench) -> Callable[[Callable[[str], object]], Environment]:
    """The environment of a shell that is typed into; its screen shows more, so it writes to a file."""

    def look(type_into: Callable[[str], object]) -> Environment:
        file = f"/tmp/environment-{uuid.uuid4().hex}"  # noqa: S108 - in the container
        type_into(f"env -0 > {file}.part; mv {file}.part {file}")
        wait_until(lambda: workbench.inside("sh", "-c", f"test -e {file} && echo there || true") != "", file)
        return lasting(parse(workbench.inside("sh", "-c", f"cat {file}; rm {file}")))

    return look


def test_the_environment_names_the_users_own_python_first(expected: Environment) -> None:
    assert expected["PATH"].startswith("/home/nlp/.venv/bin:")


def test_a_login_shell_sees_the_same(workbench: Workbench, expected: Environment) -> None:
    assert lasting(parse(workbench.inside("bash", "-l", "-c", "env -0"))) == expected


def test_an_interactive_shell_sees_the_same(workbench: Workbench, expected: Environment) -> None:
    assert lasting(parse(workbench.inside("bash", "-i", "-c", "env -0"))) == expected


def test_an_ssh_command_sees_the_same(ssh: OpenSsh, expected: Environment) -> None:
    assert lasting(parse(ssh.command("env", "-0"))) == expected


def test_an_ssh_login_shell_sees_the_same(
    ssh: OpenSsh, typed: Callable[..., Environment], expected: Environment
) -> None:
    seen = typed(lambda line: ssh.program("ssh", "-tt", ssh.host, text=f"{line}\nexit\n"))
    assert seen == expected


def test_a_jupyter_kernel_sees_the_same(jupyter: Jupyter, expected: Environment) -> None:
    assert lasting(json.loads(jupyter.run(PRINT))) == expected


def test_a_jupyter_terminal_sees_the_same(
    jupyter: Jupyter, typed: Callable[..., Environment], expected: Environment
) -> None:
    with jupyter.terminal() as terminal:
        seen = typed(lambda line: terminal.send(json.dumps(["stdin", f"{line}\r"])))
    assert seen == expected
