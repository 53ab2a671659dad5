"""Every command that the documentation tells a reader to type is run, or its test is named here."""

from __future__ import annotations

import glob
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from finetune import cli, recipe
from tests.docs import commands, standins

ROOT = commands.ROOT
ELSEWHERE = {
    "make up": "tests/stack/test_up_and_down.py",
    "make down": "tests/stack/test_up_and_down.py",
    "make status": "tests/stack/test_verbs.py",
    "make smoke-test": "tests/run.py",
    "make doctor": "tests/launcher/test_doctor_mends.py",
    "make shell": "tests/stack/test_environment.py",
    "make ssh": "tests/stack/test_ssh.py",
    "make ssh-config": "tests/stack/test_ssh_config.py",
    "make password": "tests/stack/test_jupyter.py",
    "make logs": "tests/stack/test_verbs.py",
    "finetune inspect user/dataset": "tests/finetune/data/test_hub.py",
    "make serve": "tests/stack/test_serve.py",
    "finetune serve": "tests/finetune/serving/test_command.py",
    "curl -H": "tests/finetune/serving/test_app.py",
    "make lock": "tests/image/test_locks.py",
    "make clean": "tests/stack/test_two_checkouts.py",
    "make test": "tests/run.py",
    "docker compose": "tests/stack/test_up_and_down.py",
    "uv pip install": "tests/image/test_user_packages.py",
    "uv pip uninstall": "tests/image/test_user_packages.py",
    "uv pip compile": "tests/image/test_locks.py",
    "python -m finetune.reference": "tests/finetune/test_cli.py",
    "pip install": "tests/image/test_user_packages.py",
}
HOST_ONLY = {
    "docker run --rm -v": "copies a volume: the engine's own command",
    "docker exec": "named, not typed as it stands",
    "docker history": "named, not typed as it stands",
    "openssl rand": "makes a key",
    "git pull": "fetches a newer version of this project",
    "git stash": "puts the reader's own changes aside",
    "hf download": "needs Hugging Face",
    "sudo ": "changes the host",
    "apt-get ": "changes the host",
    "ssh ": "needs a second machine",
    "ssh-": "needs a second machine",
    "docker system df": "the engine's own command",
    "docker builder prune": "deletes what the host's engine keeps",
    "pip --user": "named as what is not done",
    "make bench": "a measurement; its script is held to its types",
    "python3 benchmarks/": "a measurement takes hours; its script is held to its types",
    "python benchmarks/": "a measurement takes hours; its script is held to its types",
}
COMMANDS = commands.all_commands()
INSIDE = r"(?:make shell ARGS=.)?finetune (?!serve|inspect user/)"
OURS = re.compile(rf"^(?:python (?:/workspace/)?scripts/|{INSIDE}|make train\b|cat )")
TRAINS = re.compile(r"finetune (?:classify|tag|pretrain) ")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(autouse=True)
def _reader(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("HF_HOME", str(place / "cache"))
    monkeypatch.setattr(recipe, "workspace", lambda: place)
    if not (place / "runs").exists():
        standins.furnish(place)


def words(text: str, place: Path) -> list[str]:
    """Split as a shell does, with our folders for the reader's and our encoder for any that is named."""
    found = [one.replace("/workspace/", f"{place}/") for one in shlex.split(text)]
    for at, one in enumerate(found[1:], 1):
        if found[at - 1] in {"--encoder", "--model-name-or-path"}:
            found[at] = str(place / "encoder")
        elif "*" in one:
            found[at : at + 1] = sorted(glob.glob(one))  # noqa: PTH207 - a shell's own pattern
    return found


def run_script(argv: list[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    quick = [*standins.QUICK, *([] if "--demo" in argv else ["--encoder", str(place / "encoder")])]
    monkeypatch.setattr(sys, "argv", [*argv, *quick])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "scripts" / Path(argv[0]).name), run_name="__main__")
    return int(caught.value.code or 0)


def run_piped(text: str, place: Path) -> int:
    (place / "bin").mkdir(exist_ok=True)
    program = place / "bin" / "finetune"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m finetune "$@"\n')
    program.chmod(0o755)
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", text], env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}, check=False
    )
    return done.returncode


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if OURS.match(one.text)], ids=lambda one: f"{one.page}: {one.text}"
)
def test_a_command_of_ours_works_as_it_is_written(
    command: commands.Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = command.text
    if text.startswith("make train"):
        arguments = shlex.split(text.removeprefix("make train"))
        text = "python scripts/train_news.py " + " ".join(one.removeprefix("ARGS=") for one in arguments)
    if text.startswith("make shell"):
        text = shlex.split(text)[2].removeprefix("ARGS=")
    argv = words(text, place)
    if "|" in argv:
        assert run_piped(text, place) == 0
    elif argv[0] == "python":
        assert run_script(argv[1:], place, monkeypatch) == 0
    elif "--help" in argv or "VERB" in argv:
        pytest.skip("test_cli.py asks every verb for its help")
    else:
        quick = standins.QUICK if TRAINS.match(text) else ()
        encoder = ("--encoder", str(place / "encoder")) if quick else ()
        assert cli.main([*argv[1:], *quick, *encoder]) == 0


@pytest.mark.parametrize(
    "command",
    [one for one in COMMANDS if not OURS.match(one.text)],
    ids=lambda one: f"{one.page}: {one.text}",
)
def test_any_other_command_is_covered_elsewhere_or_only_the_hosts(command: commands.Command) -> None:
    known = [one for one in (*ELSEWHERE, *HOST_ONLY) if command.text.startswith(one)]
    assert known, f"{command.page}: nothing runs {command.text!r}; run it here, or say in ELSEWHERE what does"


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_the_tests_named_here_exist(test: str) -> None:
    assert (ROOT / test).is_file()


def test_a_make_verb_that_is_named_exists() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {one.text.split()[1] for one in COMMANDS if one.text.startswith("make ")}
    assert named <= verbs
