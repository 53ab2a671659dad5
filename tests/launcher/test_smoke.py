"""The table and the receipt of `make smoke-test`."""

from __future__ import annotations

import io
import json
import os
import urllib.request
from typing import TYPE_CHECKING, Any, cast

import pytest

from launcher import dotenv, smoke
from launcher.errors import CommandFailed, HostNotReady, WorkbenchError
from launcher.host import Completed
from tests.launcher.stage import NAME, Told, verbs

if TYPE_CHECKING:
    from tests.launcher.stage import Stage

RECEIPT_KEYS = {"green", "started", "seconds", "image", "variant", "checks"}
CHECK_KEYS = {"check", "title", "status", "detail", "mend", "seconds", "data"}
INSIDE = "docker compose"
LONG = "8 batches, 128 MiB at once through 2 workers; /dev/shm is 8192 MiB, and more than fits on a line"


def check(status: str = "passed", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    row = {
        "check": "torch",
        "title": "torch as promised",
        "status": status,
        "detail": "torch 2.7.1",
        "mend": "",
    }
    return {**row, "seconds": 1.25, "data": {}, **more}


@pytest.fixture
def stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    decided = {"WORKBENCH_NAME": NAME, "WORKBENCH_IMAGE": "image", "SSH_PORT": "2222", "JUPYTER_PORT": "8888"}
    dotenv.write(stage.checkout / ".env", {**decided, "TENSORBOARD_PORT": "6006"})
    stage.add_container("workbench")
    stage.state.password.write_text("pa55w0rd\n", encoding="utf-8")
    (stage.checkout / "workspace").mkdir()
    stage.commands["ssh -F config"] = "2.7.1\n"
    monkeypatch.setattr(smoke, "_page", lambda url, _word: f"{url} answers")
    return stage


def run(stage: Stage, *checks: dict[str, Any], noise: str = "") -> tuple[int, str, dict[str, Any]]:
    stage.lines["docker compose"] = [*noise.splitlines(), *map(json.dumps, checks)]
    told = Told()
    code = smoke.run(verbs(stage, told))
    path = stage.checkout / "workspace" / "smoke-test.json"
    return code, told.text, cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def test_all_green(stage: Stage) -> None:
    code, said, receipt = run(stage, check(), noise="a warning\n{}\n[1]")
    assert code == 0
    assert "\nAll green.  Receipt: workspace/smoke-test.json\n" in said
    assert receipt["green"] is True
    assert receipt.keys() == RECEIPT_KEYS
    assert all(row.keys() == CHECK_KEYS for row in receipt["checks"])
    assert [row["check"] for row in receipt["checks"]] == ["torch", "ssh", "jupyter-page", "tensorboard"]
    assert "a warning" not in said


@pytest.mark.parametrize(
    ("status", "data", "code"),
    [("failed", {}, 1), ("skipped", {}, 1), ("skipped", {"allowed": True}, 0)],
    ids=["a failure is red", "a skip is red", "a skip that the variant allows is not"],
)
def test_the_exit_code_tells(status: str, data: dict[str, bool], code: int, stage: Stage) -> None:
    ended, said, receipt = run(stage, check(status, data=data, mend="make up"))
    assert ended == code
    assert receipt["green"] is (code == 0)
    assert ("Red: torch as promised." in said) is (code == 1)
    assert ("-> make up" in said) is (code == 1)


def test_a_check_from_outside_that_fails_is_red_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(url: str, _word: str) -> str:
        raise OSError(111, f"Connection refused by {url}")

    monkeypatch.setattr(smoke, "_page", closed)
    code, said, receipt = run(stage, check())
    assert code == 1
    assert "Red: Jupyter's page asks for the password; TensorBoard answers." in said
    assert [row["status"] for row in receipt["checks"]] == ["passed", "passed", "failed", "failed"]


def test_the_password_goes_in_through_standard_input(stage: Stage) -> None:
    run(stage, check())
    (asked,) = [ran for ran in stage.ran if "workbench-smoke" in ran.argv]
    assert asked.text == "pa55w0rd\n"
    assert "pa55w0rd" not in asked.line


def test_ssh_goes_in_by_the_checkouts_own_configuration(stage: Stage) -> None:
    run(stage, check())
    (asked,) = stage.started("ssh")
    assert asked.argv[2] == str(stage.state.ssh_config)
    assert "BatchMode=yes" in asked.argv


def test_checks_that_say_nothing_are_an_error(stage: Stage) -> None:
    with pytest.raises(WorkbenchError, match="said nothing; `make logs` may tell why"):
        run(stage)


def test_no_checks_are_not_green() -> None:
    assert not smoke.Receipt(Told()).green


def test_checks_that_die_show_their_last_words(stage: Stage) -> None:
    stage.fails["docker compose"] = Completed(("docker", "compose"), 137, "Killed")
    with pytest.raises(CommandFailed, match="Killed"):
        run(stage, check())


def test_checks_that_end_badly_after_green_rows_are_not_all_green(stage: Stage) -> None:
    checks = " ".join(["docker", *stage.docker.compose()[1:], "exec -T workbench workbench-smoke"])
    stage.fails[checks] = Completed(("docker", "compose"), 1, "ImportError: torch")
    with pytest.raises(CommandFailed, match="ImportError: torch"):
        run(stage, check())


def test_a_workbench_that_is_down_is_named(stage: Stage) -> None:
    stage.containers.clear()
    with pytest.raises(HostNotReady, match=r"the workbench is not running \(absent\). Start it: make up"):
        run(stage, check())


def test_a_wide_terminal_has_one_line_a_check() -> None:
    (row,) = smoke.rows(check(detail=LONG), 120)
    assert row == (
        "  ok       torch as promised                        1.2 s  "
        "8 batches, 128 MiB at once through 2 workers; /dev/shm is..."
    )


def test_a_narrow_terminal_has_the_detail_below() -> None:
    assert smoke.rows(check(detail=LONG), 80) == [
        "  ok       torch as promised                        1.2 s",
        "           8 batches, 128 MiB at once through 2 workers; /dev/shm is 8192 Mi...",
    ]


def test_a_pipe_gets_everything() -> None:
    assert smoke.rows(check(detail=LONG), None)[0].endswith(LONG)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for status in ("passed", "failed", "skipped"):
        rows = smoke.rows(check(status, detail=LONG * 3, mend=LONG), width)
        assert max(map(len, rows)) < width


def test_a_failure_is_told_in_full() -> None:
    text = " ".join(" ".join(smoke.rows(check("failed", detail=LONG * 3, mend="make logs"), 80)).split())
    assert LONG * 3 in text
    assert text.endswith("-> make logs")


@pytest.mark.usefixtures("real_world")
def test_a_page_is_asked_past_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[object] = []

    class Opener:
        def open(self, _url: str, timeout: float) -> io.BytesIO:
            assert timeout
            return io.BytesIO(b"<title>Password</title>")

    def opener(*found: object) -> Opener:
        handlers.extend(found)
        return Opener()

    monkeypatch.setitem(os.environ, "http_proxy", "http://proxy.example:3128")
    monkeypatch.setattr(urllib.request, "build_opener", opener)
    assert smoke._page("http://127.0.0.1:8888", "password").endswith("answers")  # noqa: SLF001
    assert vars(handlers[0])["proxies"] == {}
    with pytest.raises(WorkbenchError, match="a page without the word 'tensorboard' found"):
        smoke._page("http://127.0.0.1:8888", "tensorboard")  # noqa: SLF001
