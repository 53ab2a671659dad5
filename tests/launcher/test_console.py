"""What a person sees, on a terminal and in a pipe, and what the log keeps."""

from __future__ import annotations

import contextlib
import io
import os
import re
import time
from typing import TYPE_CHECKING

import pytest

from launcher import console
from launcher.console import Console, cut, follow, open_log
from launcher.errors import CommandFailed
from launcher.host import Completed
from launcher.process import Work
from tests.launcher.stage import Told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.stage import Stage


class Terminal(io.StringIO):
    """A terminal of 40 columns."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        """Lines as they stand in the end."""
        return [re.split(r"\x1b\[2K", line)[-1] for line in self.getvalue().split("\n")]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(console, "LIVE_SECONDS", 0.02)
    monkeypatch.setenv("COLUMNS", "40")
    return Terminal()


def wait_for(found: object) -> None:
    deadline = time.monotonic() + 5
    while not found() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.01)


def test_a_pipe_gets_a_line_at_the_start_and_one_at_the_end() -> None:
    told = Told()
    with told.step("Building", "4 to 8 min"):
        told.progress("step 1 of 2")
    assert told.text == "  ... Building (0:00, usually 4 to 8 min)\n  ok  Building (0:00)\n"


def test_a_pipe_hears_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PIPE_SECONDS", 0.02)
    told = Told()
    with told.step("Building"):
        told.progress("step 2 of 2: tools")
        wait_for(lambda: "tools" in told.text)
    assert "  ... Building (0:00) step 2 of 2: tools\n" in told.text


def test_a_terminals_clock_goes_on_while_the_step_is_silent(terminal: Terminal) -> None:
    shown = Console(out=terminal)
    with shown.step("Building") as step:
        step.started -= 67
        wait_for(lambda: "(1:07)" in terminal.getvalue())
    assert terminal.screen[0] == "  ok  Building (1:07)"


def test_a_live_line_never_wraps(terminal: Terminal) -> None:
    shown = Console(out=terminal)
    with shown.step("Building"):
        shown.progress("x" * 200 + "工作台")
        wait_for(lambda: "xx" in terminal.getvalue())
    drawn = re.split(r"\r\x1b\[2K|\n", terminal.getvalue())
    assert max(len(line) for line in drawn) == 39


def test_words_of_other_programs_cannot_move_the_cursor(terminal: Terminal) -> None:
    shown = Console(out=terminal)
    with shown.step("Building"):
        shown.progress("\x1b[1A\x1b[31mred\x1b[0m\x07\rback")
        wait_for(lambda: "red" in terminal.getvalue())
    assert "\x1b[1A" not in terminal.getvalue()


def test_a_said_line_replaces_the_live_one(terminal: Terminal) -> None:
    shown = Console(out=terminal)
    with shown.step("Building"):
        shown.say("A word in between.")
    assert terminal.screen[0] == "A word in between."


def test_a_step_that_fails_says_so() -> None:
    told = Told()
    with pytest.raises(KeyboardInterrupt), told.step("Building"):
        raise KeyboardInterrupt
    assert told.text.endswith("  x   Building (0:00)\n")


def test_the_log_has_every_word_and_when(tmp_path: Path) -> None:
    with contextlib.closing(Told(tmp_path / "log")) as told:
        told.note("only here")
        told.say("for both")
        with told.step("Building"):
            pass
    log = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [line[9:] for line in log] == ["only here", "for both", "== Building", "  ok  Building (0:00)"]
    assert re.match(r"\d\d:\d\d:\d\d ", log[0])


def test_a_closed_pipe_does_not_stop_the_work(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    out = os.fdopen(writer, "w")
    with contextlib.closing(Console(tmp_path / "log", out)) as shown:
        shown.say("nobody reads this")
        with shown.step("Building"):
            pass
    out.close()  # nor does what is left for it raise anything
    assert "ok  Building" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_sign_that_the_terminal_does_not_know_is_no_closed_terminal() -> None:
    paper = io.BytesIO()
    shown = Console(out=io.TextIOWrapper(paper, encoding="ascii"))
    shown.say("工作台")
    shown.say("still here")
    assert paper.getvalue() == b"???\nstill here\n"


def test_only_a_terminal_has_a_width(terminal: Terminal) -> None:
    assert (Console(out=terminal).width, Told().width) == (40, None)


def test_old_logs_go(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"up-202501{number:02d}-000000.log").touch()
    (tmp_path / "down-20250101-000000.log").touch()
    fresh = open_log(tmp_path, "up")
    fresh.touch()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 11
    assert names[0] == "down-20250101-000000.log"
    assert fresh.name == names[-1]


def test_following_logs_every_line_and_shows_the_last(stage: Stage, tmp_path: Path) -> None:
    stage.lines["apt-get"] = ["Get:1 a", "Unpacking b"]
    with contextlib.closing(Told(tmp_path / "log")) as told, told.step("Installing") as step:
        follow(stage, told, Work(["apt-get", "update"], {"A": "1"}, show=str.upper))
        assert step.doing == "UNPACKING B"
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "$ apt-get update" in log
    assert "Get:1 a" in log
    assert stage.ran[-1].env == {"A": "1"}


def test_following_what_fails_is_an_error(stage: Stage) -> None:
    stage.fails["apt-get"] = Completed(("apt-get",), 100, "E: no")
    with pytest.raises(CommandFailed, match="E: no"):
        follow(stage, Told(), Work(["apt-get"]))


@pytest.mark.parametrize(
    ("text", "width", "shown"), [("abc", 3, "abc"), ("abc", 2, "ab"), ("工作台", 5, "工作"), ("", 0, "")]
)
def test_text_is_cut_by_columns(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
