"""Jupyter's door: who gets in, what runs there, whose files it makes, and what it never tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import websocket

from tests.stack.notebook_server import Jupyter

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack.workbench import Workbench

CLOSED = ["contents", "kernels", "kernelspecs", "terminals", "sessions", "me", "config/x"]


@pytest.fixture
def anybody(workbench: Workbench) -> Jupyter:
    return Jupyter(workbench.jupyter)


def test_the_password_gets_in(anybody: Jupyter, workbench: Workbench) -> None:
    assert anybody.log_in(workbench.password)


@pytest.mark.parametrize("password", ["", "password", "admin", "jupyter"])
def test_another_password_does_not(anybody: Jupyter, password: str) -> None:
    assert not anybody.log_in(password)


@pytest.mark.parametrize("path", CLOSED)
def test_the_api_is_closed_to_anybody(anybody: Jupyter, path: str) -> None:
    assert anybody.ask("GET", f"api/{path}").status_code == 403


@pytest.mark.parametrize("token", ["", "token", "null"])
def test_no_token_is_accepted_in_the_address(anybody: Jupyter, token: str) -> None:
    assert anybody.ask("GET", "api/contents", params={"token": token}).status_code == 403


@pytest.mark.parametrize("token", ["", "token", "null"])
def test_no_token_is_accepted_in_a_header(anybody: Jupyter, token: str) -> None:
    headers = {"Authorization": f"token {token}"}
    assert anybody.ask("GET", "api/contents", headers=headers).status_code == 403


def test_the_hash_is_no_token(anybody: Jupyter, workbench: Workbench) -> None:
    hashed = (workbench.state / "container" / "jupyter_password_hash").read_text().strip()
    assert anybody.ask("GET", "api/contents", params={"token": hashed}).status_code == 403
    assert not anybody.log_in(hashed)


def test_a_page_sends_anybody_to_the_login(anybody: Jupyter) -> None:
    assert "/login?next=%2Flab" in anybody.ask("GET", "lab").url


def test_a_websocket_is_closed_to_anybody(anybody: Jupyter) -> None:
    with (
        pytest.raises(websocket.WebSocketBadStatusException, match="403"),
        anybody.socket("api/events/subscribe"),
    ):
        pass


def test_another_site_cannot_act_with_the_cookie(jupyter: Jupyter) -> None:
    jupyter.session.cookies.pop("_xsrf")  # a page elsewhere cannot read it, so cannot repeat it
    assert jupyter.ask("POST", "api/terminals").status_code == 403


def test_a_cell_runs_in_the_users_python_and_finds_torch(jupyter: Jupyter) -> None:
    said = jupyter.run("import sys, torch\nprint(sys.executable, torch.ones(2).sum().item())")
    assert said == "/home/nlp/.venv/bin/python 2.0\n"


def test_chinese_goes_through_a_kernel_unharmed(jupyter: Jupyter) -> None:
    assert jupyter.run("print('你好，世界'[::-1])") == "界世，好你\n"


def test_a_terminal_runs_a_command(jupyter: Jupyter) -> None:
    with jupyter.terminal() as terminal:
        terminal.send(json.dumps(["stdin", "echo $((6 * 7))-here\r"]))
        while "42-here" not in terminal.recv():
            pass


def test_what_a_cell_writes_belongs_to_the_host_user(jupyter: Jupyter, scratch: str, workspace: Path) -> None:
    jupyter.run(f"open('/workspace/{scratch}/made', 'w').write('here')")
    made = (workspace / scratch / "made").stat()
    assert made.st_uid == (workspace / "data").stat().st_uid != 0
    assert made.st_gid == (workspace / "data").stat().st_gid != 0


def test_the_notebook_folder_takes_a_new_notebook(jupyter: Jupyter, scratch: str) -> None:
    answer = jupyter.ask("POST", f"api/contents/{scratch}", json={"type": "notebook"})
    assert answer.status_code == 201
    assert answer.json()["name"] == "Untitled.ipynb"
