"""Logging in and running a cell, against a Jupyter server started here on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("websocket")
pytest.importorskip("jupyter_server")
pytest.importorskip("ipykernel")

import requests
from smoke import jupyter
from smoke.notebook_server import NotebookServer
from smoke.results import FailedError, SkippedError
from smoke.settings import Settings

PASSWORD = "s3cret 密码"  # noqa: S105 - of a server that lives for this test
CONFIG = """
from jupyter_server.auth import passwd
c.ServerApp.ip, c.ServerApp.port, c.ServerApp.port_retries = "127.0.0.1", {port}, 0
c.ServerApp.open_browser, c.ServerApp.allow_root = False, True
c.IdentityProvider.token = ""
c.PasswordIdentityProvider.hashed_password = passwd({password!r})
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("jupyter"), free_port()
    (folder / "config.py").write_text(CONFIG.format(port=port, password=PASSWORD))
    environment = os.environ | {f"JUPYTER_{name}_DIR": str(folder) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyter_server", "--config", str(folder / "config.py")]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/login", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text())


@pytest.fixture(autouse=True)
def _same_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare an always installed package, so that these tests need no torch."""
    monkeypatch.setattr(jupyter, "PACKAGE", "requests")


def test_it_logs_in_and_runs_a_cell(cpu: Settings, url: str) -> None:
    seen = jupyter.check(replace(cpu, jupyter_url=url, password=PASSWORD))
    assert seen.detail.startswith(f"logged in at {url}, a kernel of ")
    assert PASSWORD not in repr(seen)


def test_no_kernel_is_left_behind(url: str) -> None:
    with NotebookServer(url) as server:
        server.log_in(PASSWORD)
        assert server.run("print(6 * 7)") == "42\n"
        assert server.session.get(f"{url}/api/kernels", timeout=60).json() == []


def test_a_wrong_password_is_told(cpu: Settings, url: str) -> None:
    with pytest.raises(FailedError, match="POST /login answered 401") as caught:
        jupyter.check(replace(cpu, jupyter_url=url, password="wrong"))  # noqa: S106 - that is the point
    assert "make password" in caught.value.mend


def test_a_cell_that_raises_is_told(url: str) -> None:
    with NotebookServer(url) as server:
        server.log_in(PASSWORD)
        with pytest.raises(FailedError, match="the cell raised ZeroDivisionError: division by zero"):
            server.run("1 / 0")


def test_a_kernel_that_dies_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smoke.notebook_server.SECONDS", 3)
    with NotebookServer(url) as server:
        server.log_in(PASSWORD)
        with pytest.raises(FailedError, match="the kernel gave no answer"):
            server.run("import time; time.sleep(600)")


def test_no_server_is_told(cpu: Settings) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(FailedError, match=f"no Jupyter at {nowhere}") as caught:
        jupyter.check(replace(cpu, jupyter_url=nowhere, password=PASSWORD))
    assert "make logs" in caught.value.mend


def test_without_a_password_the_skip_is_red(cpu: Settings) -> None:
    with pytest.raises(SkippedError) as caught:
        jupyter.check(cpu)
    assert not caught.value.allowed
    assert "--password-stdin" in caught.value.mend


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        pytest.param("41 2.7.1 /usr/bin/python", "expected 42 first", id="a wrong product"),
        pytest.param("", "expected 42 first", id="nothing"),
        pytest.param("42 0.0.1 /usr/bin/python", r"the kernel has requests 0\.0\.1", id="another Python"),
    ],
)
def test_other_output_is_told(printed: str, told: str) -> None:
    with pytest.raises(FailedError, match=told):
        jupyter.compare(printed.split(), "42")
