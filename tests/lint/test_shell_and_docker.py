"""Shell scripts, Dockerfiles and compose files, judged by the programs that know them best."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHEBANG = re.compile(rb"#!\s*/(?:usr/)?bin/(?:env )?(?:ba|da)?sh\b")
WITHOUT_SHEBANG = ["docker/rootfs/etc/profile"]  # a login shell reads it
SETTINGS = {
    "no GPU": {"COMPOSE_FILE": "compose.yaml"},
    "all GPUs": {"COMPOSE_FILE": "compose.yaml:compose.gpu.yaml"},
    "two GPUs": {"COMPOSE_FILE": "compose.yaml:compose.gpu.yaml", "GPUS": "0,2"},
    "everything set": {
        "COMPOSE_FILE": "compose.yaml:compose.gpu.yaml",
        "WORKBENCH_NAME": "ada",
        "BIND": "0.0.0.0",  # noqa: S104 - nothing is started
        "JUPYTER_PORT": "18888",
        "SSH_PORT": "12222",
        "TENSORBOARD_PORT": "16006",
        "WORKSPACE": "/srv/ada",
        "SHM_SIZE": "16gb",
        "MEMLOCK": "65536",
    },
}


def tracked() -> list[str]:
    """The checkout's files; without git, those of the folders that hold scripts."""
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]
    folders = (REPOSITORY / name for name in ("docker", "scripts", ".ci"))
    return [str(path.relative_to(REPOSITORY)) for top in folders for path in top.rglob("*") if path.is_file()]


def program(name: str) -> str:
    """A linter installed beside this Python, else on PATH."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed: tests/requirements/host.txt has it")
    return found


def said(*argv: str, **setting: str) -> str:
    """What a program has to complain about; empty where it is content."""
    environment = {**os.environ, **setting}
    done = subprocess.run(argv, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


FILES = tracked()
SCRIPTS = [name for name in FILES if SHEBANG.match((REPOSITORY / name).read_bytes())]
OURS = [name for name in SCRIPTS if not name.startswith("tests/")]  # a stand-in may be as loose as it likes
DOCKERFILES = [name for name in FILES if Path(name).name.startswith("Dockerfile")]


@pytest.mark.parametrize("script", [*SCRIPTS, *WITHOUT_SHEBANG])
def test_shellcheck_is_content_with(script: str) -> None:
    shell = ["--shell=sh"] if script in WITHOUT_SHEBANG else []
    assert said(program("shellcheck"), "--norc", *shell, script) == ""


@pytest.mark.parametrize("script", OURS)
def test_a_script_stops_at_its_first_failure_and_at_unset_variables(script: str) -> None:
    text = (REPOSITORY / script).read_text()
    commands = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(commands) == 1 or re.search(r"^set -eu", text, re.MULTILINE)


@pytest.mark.parametrize("script", OURS)
def test_a_script_may_be_run(script: str) -> None:
    assert os.access(REPOSITORY / script, os.X_OK)


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_hadolint_is_content_with(dockerfile: str) -> None:
    assert said(program("hadolint"), "--config=.hadolint.yaml", dockerfile) == ""


def test_every_rule_that_hadolint_ignores_has_a_reason() -> None:
    ignored = re.findall(r"^\s*- .*$", (REPOSITORY / ".hadolint.yaml").read_text(), re.MULTILINE)
    assert ignored
    assert [line for line in ignored if not re.match(r"\s*- (?:DL|SC)\d+ # \w+", line)] == []


@pytest.fixture
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The compose files as compose understands them with some settings."""
    setting = {"WORKBENCH_IMAGE": "nlp-workbench/ada:cu118", **request.param}
    argv = [program("docker"), "compose", "--env-file=/dev/null", "config", "--format=json"]
    done = subprocess.run(
        argv, cwd=REPOSITORY, env={**os.environ, **setting}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    understood: dict[str, Any] = json.loads(done.stdout)
    return understood


@pytest.mark.parametrize("config", SETTINGS.values(), ids=SETTINGS, indirect=True)
def test_compose_understands_both_files(config: dict[str, Any]) -> None:
    assert set(config["services"]) == {"workbench", "tensorboard"}


@pytest.mark.parametrize("config", SETTINGS.values(), ids=SETTINGS, indirect=True)
def test_every_service_gives_up_its_capabilities(config: dict[str, Any]) -> None:
    for service in config["services"].values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("config", [{"COMPOSE_PROFILES": "serve"}], ids=["with serve"], indirect=True)
def test_an_image_that_is_made_here_is_never_pulled_from_strangers(config: dict[str, Any]) -> None:
    assert {service["pull_policy"] for service in config["services"].values()} == {"never"}


@pytest.mark.parametrize("config", SETTINGS.values(), ids=SETTINGS, indirect=True)
def test_tensorboard_has_no_password_so_it_stays_on_this_machine(config: dict[str, Any]) -> None:
    assert {port["host_ip"] for port in config["services"]["tensorboard"]["ports"]} == {"127.0.0.1"}


@pytest.mark.parametrize("config", [SETTINGS["no GPU"]], ids=["no GPU"], indirect=True)
def test_without_the_overlay_nothing_asks_for_a_gpu(config: dict[str, Any]) -> None:
    assert [name for name, service in config["services"].items() if "deploy" in service] == []


@pytest.mark.parametrize("config", [SETTINGS["all GPUs"]], ids=["all GPUs"], indirect=True)
def test_only_the_workbench_asks_for_gpus(config: dict[str, Any]) -> None:
    assert [name for name, service in config["services"].items() if "deploy" in service] == ["workbench"]


@pytest.mark.parametrize("config", [SETTINGS["no GPU"]], ids=["no GPU"], indirect=True)
def test_ports_are_closed_to_other_machines_unless_the_user_says_so(config: dict[str, Any]) -> None:
    ports = [port for service in config["services"].values() for port in service["ports"]]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_compose_says_what_to_do_before_the_first_make_up() -> None:
    argv = (program("docker"), "compose", "--env-file=/dev/null", "config", "--quiet")
    assert "run `make up` once" in said(*argv, WORKBENCH_IMAGE="", COMPOSE_FILE="compose.yaml")
