"""Whatever a check does, one result comes back."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from smoke.catalogue import Check
from smoke.results import Outcome
from smoke.runner import attempt, run_apart
from smoke.settings import Settings

HEAD = """
import os, signal, subprocess, sys, time
from smoke.results import FailedError, Seen, SkippedError
def check(settings):
    """

Write = Callable[[str], Check]


@pytest.fixture
def check_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a writer of a check whose body is the given line."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(body: str) -> Check:
        name = f"check_{abs(hash((tmp_path, body)))}"
        (tmp_path / f"{name}.py").write_text(HEAD + body)
        return Check("made-up", "Made up", name)

    return write


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("return Seen('fine', {'a': 1})", Outcome("passed", "fine", "", {"a": 1}), id="passes"),
        pytest.param(
            "raise FailedError('bad', 'do this', got=2)",
            Outcome("failed", "bad", "do this", {"got": 2}),
            id="fails",
        ),
        pytest.param(
            "raise SkippedError('none', allowed=True)",
            Outcome("skipped", "none", "", {"allowed": True}),
            id="cannot run",
        ),
    ],
)
def test_what_a_check_says_becomes_its_outcome(
    check_that: Write, cpu: Settings, body: str, expected: Outcome
) -> None:
    check = check_that(body)
    assert attempt(check, cpu) == expected
    assert run_apart(check, cpu, limit=60).outcome == expected


def test_an_unforeseen_error_is_a_failure_with_its_traceback(check_that: Write, cpu: Settings) -> None:
    outcome = run_apart(check_that("raise KeyError('cuda')"), cpu, limit=60).outcome
    assert (outcome.status, outcome.detail) == ("failed", "KeyError: 'cuda'")
    assert "Traceback" in str(outcome.data["traceback"])


@pytest.mark.parametrize(
    ("body", "death"),
    [
        pytest.param("os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV", id="a crash in a library"),
        pytest.param("os._exit(3)", "exit code 3", id="a sudden exit"),
    ],
)
def test_a_dead_check_is_told(check_that: Write, cpu: Settings, body: str, death: str) -> None:
    outcome = run_apart(check_that(body), cpu, limit=60).outcome
    assert (outcome.status, outcome.detail) == ("failed", f"the check's process died: {death}")
    assert "driver" in outcome.mend


def test_a_hanging_check_is_given_up_with_all_that_it_started(
    check_that: Write, cpu: Settings, tmp_path: Path
) -> None:
    noted = tmp_path / "pid"
    body = f"p = subprocess.Popen(['sleep', '600']); open({str(noted)!r}, 'w').write(str(p.pid)); p.wait()"
    outcome = run_apart(check_that(body), cpu, limit=3).outcome
    assert outcome.detail == "no answer in 3 s, given up"
    assert _ends(int(noted.read_text()))


def test_a_noisy_check_leaves_standard_output_alone(
    check_that: Write, cpu: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    run_apart(check_that("os.system('echo noise'); print('noise', flush=True); return Seen('')"), cpu, 60)
    assert capfd.readouterr().out == ""


def _ends(pid: int) -> bool:
    deadline = time.monotonic() + 10  # the kernel takes a moment to end what was killed
    while alive := _lives(pid):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return not alive


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
