"""VS Code's .devcontainer/ opens the very container that `make up` started."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.programs import run

if TYPE_CHECKING:
    import subprocess

    from tests.stack.workbench import Workbench

no_client = pytest.mark.skipif(
    shutil.which("devcontainer") is None, reason="devcontainer is not installed on this host"
)


@pytest.fixture
def settings(workbench: Workbench) -> dict[str, Any]:
    """devcontainer.json without its remarks."""
    text = (workbench.checkout / ".devcontainer" / "devcontainer.json").read_text()
    found = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    assert isinstance(found, dict)
    return found


def devcontainer(workbench: Workbench, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
    return run(["devcontainer", verb, "--workspace-folder", ".", *words], workbench.checkout)


def test_it_names_the_service_the_user_and_the_folder_of_the_container(
    workbench: Workbench, settings: dict[str, Any]
) -> None:
    config = workbench.inspect(settings["service"])["Config"]
    assert (settings["remoteUser"], settings["workspaceFolder"]) == (config["User"], config["WorkingDir"])


def test_it_names_no_compose_file_so_that_dotenv_decides(settings: dict[str, Any]) -> None:
    assert settings["dockerComposeFile"] == []


def test_it_neither_changes_nor_stops_the_container(settings: dict[str, Any]) -> None:
    kept = {"overrideCommand": False, "updateRemoteUserUID": False, "shutdownAction": "none"}
    assert settings.items() >= kept.items()


@no_client
def test_opening_it_takes_the_container_that_runs(workbench: Workbench) -> None:
    before = workbench.containers()
    ended = devcontainer(workbench, "up")
    assert json.loads(ended.stdout)["containerId"] in before
    assert workbench.containers() == before


@no_client
def test_a_command_in_it_sees_the_same_environment(workbench: Workbench) -> None:
    ended = devcontainer(
        workbench, "exec", "--container-id", workbench.container("workbench"), "sh", "-c", "env"
    )
    lines = set(workbench.inside("env").splitlines())
    assert lines - set(ended.stdout.splitlines()) <= {"PWD=/workspace"}


@no_client
def test_the_gpu_overlay_is_laid_over_where_dotenv_says_so(workbench: Workbench) -> None:
    env = {"COMPOSE_FILE": "compose.yaml:compose.gpu.yaml"}
    argv = ["devcontainer", "read-configuration", "--workspace-folder", ".", "--include-merged-configuration"]
    said = run([*argv, "--log-level", "trace"], workbench.checkout, env=env).stderr
    assert f"-f {workbench.checkout}/compose.gpu.yaml" in said
