"""The command: exit codes, and one JSON line per check."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from smoke import __main__ as command
from smoke.catalogue import Check
from smoke.results import Outcome, Result
from smoke.settings import Settings


@pytest.fixture
def record(tmp_path: Path) -> str:
    path = tmp_path / "variant.json"
    fields: dict[str, object] = {
        "variant": "cpu",
        "torch": "0.0.0",
        "cuda": None,
        "cudnn": None,
        "gpu_architectures": [],
    }
    path.write_text(json.dumps(fields))
    return str(path)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """Replace the runner: every check passes but those named here."""
    told: dict[str, Outcome] = {}

    def pretend(check: Check, _settings: Settings, _limit: float) -> Result:
        return Result(check.name, check.title, told.get(check.name, Outcome("passed", "")), 0.0)

    monkeypatch.setattr(command, "run_apart", pretend)
    return told


@pytest.mark.usefixtures("outcomes")
def test_all_green_is_0_with_a_line_per_check(record: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--variant-record", record, "--only", "torch", "bert"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["check"] for line in lines] == ["torch", "bert"]


@pytest.mark.parametrize("outcome", [Outcome("failed", ""), Outcome("skipped", "", data={"allowed": False})])
def test_one_red_is_1_and_the_rest_still_runs(
    record: str, outcomes: dict[str, Outcome], capsys: pytest.CaptureFixture[str], outcome: Outcome
) -> None:
    outcomes["torch"] = outcome
    assert command.main(["--variant-record", record, "--only", "torch", "bert"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--only", "jupiter"], "no check is called 'jupiter'", id="unknown check"),
        pytest.param(["--variant-record", "/none.json"], "/none.json: no such file", id="no record"),
    ],
)
def test_a_wrong_request_is_2(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 2
    assert told in capsys.readouterr().err


def test_an_empty_password_is_2(
    record: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert command.main(["--variant-record", record, "--password-stdin"]) == 2
    assert "expected the password on one line" in capsys.readouterr().err


def test_the_password_reaches_the_check_and_not_its_text(
    record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []

    def keep(check: Check, settings: Settings, _limit: float) -> Result:
        seen.append(settings)
        return Result(check.name, check.title, Outcome("passed", ""), 0.0)

    monkeypatch.setattr(command, "run_apart", keep)
    monkeypatch.setattr(sys, "stdin", io.StringIO("s3cret 密码\r\n"))
    command.main(["--variant-record", record, "--only", "jupyter", "--password-stdin"])
    assert seen[0].password == "s3cret 密码"  # noqa: S105 - made up
    assert "s3cret" not in repr(seen[0])


def test_list_names_the_checks_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list", "--only", "bert"]) == 0
    assert json.loads(capsys.readouterr().out)["check"] == "bert"


def test_as_a_program_it_holds_torch_against_the_record(record: str, package_folder: Path) -> None:
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-m", "smoke", "--only", "torch", "--variant-record", record],
        env=os.environ | {"PYTHONPATH": str(package_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    line = json.loads(done.stdout)
    assert line["status"] == "failed"
    assert "promised 0.0.0" in line["detail"]


def test_the_wrapper_is_not_misled_by_files_in_the_users_folder(
    record: str, package_folder: Path, tmp_path: Path
) -> None:
    for name in ("smoke.py", "random.py", "torch.py"):
        (tmp_path / name).write_text("raise SystemExit('a file of the user ran')")
    wrapper = package_folder.parents[1] / "bin" / "workbench-smoke"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(wrapper), "--only", "nvidia-smi", "--variant-record", record],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(package_folder), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "skipped"


def test_what_needs_no_torch_runs_where_torch_is_broken(package_folder: Path) -> None:
    modules = "smoke.__main__, smoke.nvidia_smi, smoke.driver"
    code = f"import sys; sys.modules['torch'] = None; import {modules}"
    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(package_folder)}, check=True
    )
