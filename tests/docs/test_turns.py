"""The contenders of a race take turns, each in a process of its own."""

import subprocess
import sys
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RACE = """
import multiprocessing
import os
import sys

sys.path.insert(0, sys.argv[1])
from turns import Pace, compete


def runner(one, texts):
    assert multiprocessing.get_start_method() == multiprocessing.get_all_start_methods()[0]  # the default
    one.started()
    while True:
        print(os.getpid(), flush=True)
        one.step(texts, 2 * texts, 3 * texts)


def faller(one, texts):
    raise ValueError("no legs")


def texts():
    return 5


if __name__ == "__main__":
    works = {"left": runner, "right": faller if sys.argv[2] == "falls" else runner}
    found = compete(works, texts, "cpu", Pace(turns=2, steps_a_turn=3, warmup_steps=1))
    print([(one.texts, one.tokens, one.computed) for one in found.values()])
"""


def race(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    script = folder / "race.py"
    script.write_text(RACE)
    command = [sys.executable, str(script), str(BENCHMARKS), how]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_contenders_take_turns_in_processes_of_their_own(tmp_path: Path) -> None:
    done = race(tmp_path, "runs")
    *steps, figures = done.stdout.splitlines()
    left, right = steps[0], steps[1]
    assert left != right
    assert steps == [left, right, *(3 * [left] + 3 * [right]) * 2]
    assert figures == str(2 * [(30, 60, 90)])


def test_a_contender_that_fails_ends_the_race(tmp_path: Path) -> None:
    done = race(tmp_path, "falls")
    assert done.returncode == 1
    assert "ValueError: no legs" in done.stderr
    assert "right failed; its own words are above\n" in done.stderr


def test_a_contender_that_died_before_its_first_turn_ends_the_race(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    turns = import_module("turns")

    def begin(*_: object) -> Connection:
        ours, theirs = Pipe()
        theirs.close()
        return ours

    monkeypatch.setattr(turns, "begin", begin)
    with pytest.raises(SystemExit, match="left failed"):
        turns.compete({"left": None}, None, "cpu", None)
