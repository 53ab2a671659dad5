"""Programs: what they say comes back, none outlives its welcome."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from launcher import process
from launcher.errors import CommandFailed, MissingProgram, WorkbenchError
from launcher.host import Host, quote
from launcher.process import Work

pytestmark = pytest.mark.usefixtures("real_world")
SHELL = ["/bin/sh", "-c"]


@pytest.fixture
def here() -> Host:
    return Host()


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie, whose parent is yet to look, has."""
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_command_is_quoted_for_pasting() -> None:
    assert quote(["docker", "run", "a b", "it's"]) == "docker run 'a b' 'it'\"'\"'s'"


def test_output_errors_and_exit_code_come_back(here: Host) -> None:
    done = here.run([*SHELL, "echo out; echo err >&2; exit 3"])
    assert (done.stdout, done.stderr, done.returncode, done.ok) == ("out\n", "err\n", 3, False)
    assert done.output == "out\nerr"


def test_a_failure_is_told_with_the_command_and_its_last_lines(here: Host) -> None:
    with pytest.raises(CommandFailed, match="exit code 3") as failure:
        here.run([*SHELL, "echo why; exit 3"]).check()
    assert "/bin/sh -c 'echo why; exit 3'" in str(failure.value)
    assert "    why" in str(failure.value)
    assert failure.value.exit_code == 1


def test_a_silent_failure_says_that_it_was_silent(here: Host) -> None:
    with pytest.raises(CommandFailed, match="without a word"):
        here.run([*SHELL, "exit 1"]).check()


def test_input_and_environment_are_handed_on(here: Host) -> None:
    done = here.run([*SHELL, 'cat; echo "$TOKEN"'], text="in\n", env={"TOKEN": "x"})
    assert done.check().stdout == "in\nx\n"


def test_a_missing_program_is_named(here: Host) -> None:
    with pytest.raises(MissingProgram, match=r"no-such-program: not found on PATH") as failure:
        here.run(["no-such-program"])
    assert failure.value.exit_code == 2


def test_a_missing_folder_is_not_taken_for_a_missing_program(here: Host, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="no such folder"):
        here.run([*SHELL, "true"], cwd=tmp_path / "absent")


def test_a_file_that_is_no_program_is_told_as_it_is(here: Host, tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("")
    with pytest.raises(WorkbenchError, match="cannot be started"):
        here.run([str(tmp_path / "tool")])


def test_asking_never_raises(here: Host) -> None:
    assert here.ask(["no-such-program"]).returncode == 127
    assert not here.ask(["no-such-program"]).ok


def test_a_hung_command_is_ended_with_all_its_children(here: Host) -> None:
    started = time.monotonic()
    done = here.ask([*SHELL, "sleep 60 & sleep 60"], timeout=0.2)
    assert done.timed_out
    assert time.monotonic() - started < 5
    with pytest.raises(CommandFailed, match="no answer in time"):
        done.check()


def test_a_stream_passes_on_each_line_and_each_redraw_of_a_progress_bar(here: Host) -> None:
    lines: list[str] = []
    done = here.stream(Work([*SHELL, r"echo a; printf '10\r20\r30\n'; echo b >&2; exit 4"]), lines.append)
    assert lines == ["a", "10", "20", "30", "b"]
    assert (done.returncode, done.stdout) == (4, "a\n10\n20\n30\nb")


def test_a_stream_that_falls_silent_is_ended(here: Host) -> None:
    lines: list[str] = []
    done = here.stream(Work([*SHELL, "echo $$; exec sleep 60"], stall=0.3), lines.append)
    assert done.timed_out
    assert gone(int(lines[0]))


def test_a_stream_that_goes_on_talking_may_take_longer_than_its_silence(
    here: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TICK_SECONDS", 0.01)
    lines: list[str] = []
    clock = SimpleNamespace(monotonic=lambda: 60.0 * len(lines))  # a minute goes by with each line
    monkeypatch.setattr(process, "time", clock)
    talk = "for line in 1 2 3 4; do echo $line; sleep 0.1; done"
    assert here.stream(Work([*SHELL, talk], stall=100.0), lines.append).ok
    assert len(lines) == 4


def test_a_daemon_left_behind_does_not_hold_up_the_stream(here: Host) -> None:
    started = time.monotonic()
    lines: list[str] = []
    assert here.stream(Work([*SHELL, "sleep 2 & echo done"]), lines.append).ok
    assert lines == ["done"]
    assert time.monotonic() - started < 1.8


def test_ctrl_c_ends_the_whole_group(here: Host) -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        if len(pids) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.stream(Work([*SHELL, "sleep 60 & echo $!; echo $$; wait"]), interrupt)
    assert [gone(pid) for pid in pids] == [True, True]


def test_a_program_deaf_to_ctrl_c_is_killed(here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.process.GRACE_SECONDS", 0.2)
    script = "import signal, time; signal.signal(2, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    started = time.monotonic()
    assert here.stream(Work([sys.executable, "-c", script], stall=0.2), print).timed_out
    assert time.monotonic() - started < 5


def test_output_that_is_no_text_is_kept_readable(here: Host) -> None:
    assert here.run([*SHELL, r"printf 'a\377b'"]).stdout == "a�b"


def test_lines_that_are_no_text_are_kept_readable(here: Host) -> None:
    lines: list[str] = []
    assert here.stream(Work([*SHELL, r"printf 'a\377b\nc\n'"]), lines.append).ok
    assert lines == ["a�b", "c"]
