"""The front door: exit codes, one message, never a traceback."""

from __future__ import annotations

import ast
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NoReturn

import pytest

from launcher import __main__ as front
from launcher import errors, interrupt
from tests.launcher.fakes import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAUSES = [
    errors.WorkbenchError("no"),
    errors.RequestError("no"),
    errors.DataFileError("no"),
    errors.HostNotReady("no"),
    errors.MissingProgram("docker", "/bin"),
    errors.CommandFailed("docker build", 1, ["no"]),
    PermissionError(errno.EACCES, "Permission denied", "/x/.env"),
]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """As they were."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: type(cause).__name__)
def test_every_error_is_one_message_and_its_exit_code(
    cause: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> NoReturn:
        raise cause

    monkeypatch.setattr(front, "_verb", fail)
    assert front.main(["status"]) == getattr(cause, "exit_code", 1)
    said = capsys.readouterr().err
    assert said.startswith("\nworkbench: ")
    assert "Traceback" not in said


def test_a_file_that_is_closed_to_us_is_named() -> None:
    assert front.explained(CAUSES[-1]) == "/x/.env: Permission denied"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/x/.env"),
        OSError(errno.EDQUOT, "Disk quota exceeded", "/x/.env"),
        errors.CommandFailed("docker build", 1, ["write /x: No space left on device".lower()]),
    ],
    ids=["ENOSPC", "a quota", "the engine's"],
)
def test_a_full_disk_is_named_as_such(error: Exception) -> None:
    assert "The disk is full. Make room" in front.explained(error)


def test_an_unknown_verb_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as caught:
        front.main(["reboot"])
    assert caught.value.code == 2


SOURCES = sorted((REPOSITORY / "launcher").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_python_3_8_can_read_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    futures = [
        node.names[0].name for node in tree.body if isinstance(node, ast.ImportFrom) and node.level == 0
    ]
    assert len(tree.body) < 2 or "annotations" in futures


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, with an engine that is a script; where it should build, it sleeps."""
    for name in ("launcher", "docker", "finetune"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / ".dockerignore", tmp_path)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    shutil.copy(REPOSITORY / "tests" / "launcher" / "fake_docker.sh", docker)
    docker.chmod(0o755)
    return tmp_path


def start(checkout: Path, *words: str) -> subprocess.Popen[str]:
    env = {
        "PATH": f"{checkout / 'bin'}:/usr/bin:/bin",
        "HOME": str(checkout),
        "BASE": "pull",
        "VARIANT": "cpu",
    }
    # nohup has SIGHUP ignored, a shell's background SIGINT, and a child would inherit that
    argv = ["env", "--default-signal=HUP,INT", sys.executable, "-m", "launcher", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        argv, cwd=checkout, env=env, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def wait_for(path: Path) -> int:
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(path.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("real_world")
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_signal_ends_the_children_and_leaves_no_half_files(number: signal.Signals, checkout: Path) -> None:
    running = start(checkout, "up")
    child = wait_for(checkout / "building")
    running.send_signal(number)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 128 + number
    assert "stopped. The same command goes on from here." in said
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not (checkout / ".env").exists()
    assert not [path for path in checkout.rglob(".*.*") if path.name.startswith((".env.", ".network"))]


@pytest.mark.usefixtures("real_world")
def test_a_second_make_up_waits_for_nobody(checkout: Path) -> None:
    first = start(checkout, "up")
    wait_for(checkout / "building")
    second = start(checkout, "up")
    _, said = second.communicate(timeout=20)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=20)
    assert second.returncode == 1
    assert f"another make is at work in {checkout}" in said


def mounted(folder: Path) -> bool:
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    folder = tmp_path / "small"
    if os.geteuid() != 0 or not mounted(folder):
        pytest.skip("only root may mount a small disk, and some containers may not")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.usefixtures("real_world")
@pytest.mark.parametrize("place", [".workbench", ".env"])
def test_a_full_disk_is_one_clear_error_and_the_same_command_goes_on(
    place: str, checkout: Path, small: Path
) -> None:
    (checkout / "build-at-once").touch()
    if place == ".workbench":
        (checkout / ".workbench").symlink_to(small)
    else:
        (small / "env").write_text("# mine\n", encoding="utf-8")
        (checkout / ".env").symlink_to(small / "env")
    with (small / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
    ended = start(checkout, "up")
    _, said = ended.communicate(timeout=60)
    assert ended.returncode == 1, said
    assert "No space left on device" in said
    assert "The disk is full. Make room" in said
    assert "Traceback" not in said
    if place == ".env":
        assert (small / "env").read_text(encoding="utf-8") == "# mine\n"
        assert sorted(path.name for path in small.iterdir()) == ["env", "filler"]
    (small / "filler").unlink()
    again = start(checkout, "up")
    out, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert "The workbench is up." in out
    assert place != ".env" or (small / "env").read_text(encoding="utf-8").startswith("# mine\n# >>> written")
