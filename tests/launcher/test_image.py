"""When the image is built, from what, and how far it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from launcher import image
from launcher.base import Base
from launcher.errors import CommandFailed
from launcher.host import Completed
from launcher.image import Recipe, Steps
from tests.launcher.stage import IMAGE, Stage, Told

RECIPE = Recipe(IMAGE, "cpu", Base("nlp-workbench-base:x", "pypi", "sha256:1"), (1000, 1000))


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.copy_code()
    stage.commands["git"] = "abc123\n"
    return stage


@pytest.mark.parametrize(
    "place", ["docker/Dockerfile", "docker/variants.json", "finetune/new.py", ".dockerignore"]
)
def test_a_change_in_the_code_asks_for_a_build(place: str, stage: Stage) -> None:
    before = image.fingerprint(stage.docker, RECIPE)
    (stage.checkout / place).write_text("other", encoding="utf-8")
    assert image.fingerprint(stage.docker, RECIPE) != before


@pytest.mark.parametrize(
    "change",
    [
        {"variant": "cu118"},
        {"base": Base("nlp-workbench-base:x", "pypi", "sha256:2")},
        {"owner": (1000, 1001)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_recipe_asks_for_a_build(change: dict[str, object], stage: Stage) -> None:
    other = replace(RECIPE, **change)  # type: ignore[arg-type]
    assert image.fingerprint(stage.docker, other) != image.fingerprint(stage.docker, RECIPE)


def test_compiled_python_asks_for_none(stage: Stage) -> None:
    before = image.fingerprint(stage.docker, RECIPE)
    (stage.checkout / "finetune" / "__pycache__").mkdir()
    (stage.checkout / "finetune" / "__pycache__" / "x.cpython-311.pyc").touch()
    assert image.fingerprint(stage.docker, RECIPE) == before


def test_an_image_is_current_until_something_changes(stage: Stage) -> None:
    assert not image.is_current(stage.docker, RECIPE)
    image.build(stage.docker, Told(), RECIPE, {})
    assert image.is_current(stage.docker, RECIPE)
    (stage.checkout / "finetune" / "new.py").touch()
    assert not image.is_current(stage.docker, RECIPE)


def test_a_build_is_told_what_it_is_and_gets_secrets_as_secrets(stage: Stage) -> None:
    image.build(stage.docker, Told(), RECIPE, {"network": "/x/network"})
    (built,) = stage.started("docker build")
    assert {
        "BASE=nlp-workbench-base:x",
        "BASE_KIND=pypi",
        "VARIANT=cpu",
        "WORKBENCH_UID=1000",
        "REVISION=abc123",
    } <= set(built.argv)
    assert "--secret=id=network,src=/x/network" in built.argv
    assert built.env == {"DOCKER_BUILDKIT": "1"}


def test_a_failed_build_shows_its_last_lines_and_goes_on_from_there(stage: Stage) -> None:
    stage.fails["docker build"] = Completed(("docker", "build"), 1, "ERROR: no space left on device")
    with pytest.raises(CommandFailed, match="no space left on device"):
        image.build(stage.docker, Told(), RECIPE, {})
    stage.fails.clear()
    image.build(stage.docker, Told(), RECIPE, {})
    assert image.is_current(stage.docker, RECIPE)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "#12 [workbench  6/14] RUN --mount=type=bind,source=docker/requirements/nlp.txt",
            "step 6 of 14: the NLP stack",
        ),
        ("#9 [workbench 13/14] COPY --chmod=755 docker/rootfs/ /", "step 13 of 14: the services"),
        ("#9 [workbench 14/14] RUN true", "step 14 of 14"),
        (
            "#9 [workbench 15/15] COPY --chmod=755 finetune /opt/workbench/finetune",
            "step 15 of 15: the finetune library",
        ),
        ("#5 [tools 2/3] COPY docker/requirements/tools.txt /tmp/", ""),
        ("#12 0.3 Downloading", ""),
    ],
)
def test_buildkits_steps_are_named_by_what_they_do(line: str, shown: str) -> None:
    assert Steps()(line) == shown


def test_a_step_stays_until_the_next() -> None:
    steps = Steps()
    steps("#12 [workbench 6/14] RUN apt-install")
    assert steps("#12 4.1 Unpacking") == "step 6 of 14: system packages"


def test_every_named_step_is_in_the_dockerfile(stage: Stage) -> None:
    text = Path(stage.checkout / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert [mark for mark in image.NAMES if mark not in text] == []
