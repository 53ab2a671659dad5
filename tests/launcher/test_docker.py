"""The words of a compose command, and which containers are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.launcher.stage import NAME

if TYPE_CHECKING:
    from tests.launcher.stage import Stage


def test_compose_is_told_project_and_files_whatever_the_shell_exports(stage: Stage) -> None:
    stage.env.update(COMPOSE_PROJECT_NAME="other", COMPOSE_FILE="theirs.yaml")
    stage.write_env(
        "# >>> written by `make up`; lines above and below are yours\n"
        "COMPOSE_FILE=compose.yaml:compose.gpu.yaml\n# <<< written by `make up`\n"
    )
    words = stage.docker.compose("ps")
    assert f"--project-name={NAME}" in words
    assert [word for word in words if word.startswith("--file")] == [
        f"--file={stage.checkout}/compose.yaml",
        f"--file={stage.checkout}/compose.gpu.yaml",
    ]


def test_files_that_the_user_names_in_env_are_taken(stage: Stage) -> None:
    stage.write_env("COMPOSE_FILE=compose.yaml:/srv/mine.yaml\n")
    assert stage.docker.compose()[-1] == "--file=/srv/mine.yaml"


def test_a_container_of_compose_run_is_no_service(stage: Stage) -> None:
    stage.docker.containers()
    assert "--filter=label=com.docker.compose.oneoff=False" in stage.started("docker ps")[0].argv
