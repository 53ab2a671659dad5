"""How heavy the image is, and how little a change builds again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.build import LIGHT, copy, layers, shared, steps
from tests.image.engine import docker

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.build import Context
    from tests.image.engine import Image

LIMIT = 1_500_000_000


@pytest.fixture
def context(image: Image, tmp_path: Path) -> Context:
    return copy(tmp_path, image)


def test_the_image_adds_at_most_1500_megabytes_to_its_base(image: Image, base: Image) -> None:
    added = image.inspect()["Size"] - base.inspect()["Size"]
    print(docker("history", "--format={{.Size}}\t{{.CreatedBy}}", image.reference))  # noqa: T201 - shown on failure
    assert added <= LIMIT


def test_it_lies_on_its_base(image: Image, base: Image) -> None:
    assert shared(image, base) == len(layers(base))
    assert len(layers(image)) == len(layers(base)) + len(steps())


def first_built(image: Image, base: Image, changed: Image) -> str:
    """The first instruction of the Dockerfile that a change ran again."""
    return steps()[shared(changed, image) - len(layers(base))]


def test_a_change_in_the_library_builds_only_the_last_layer(
    image: Image, base: Image, context: Context, tag: str
) -> None:
    (context.folder / "finetune" / "recipe.py").write_text("touched = True\n")
    assert first_built(image, base, context.build(tag)) == steps()[-1]
    assert steps()[-1].startswith("COPY --chmod=755 finetune ")


def test_a_change_in_the_services_builds_no_package(
    image: Image, base: Image, context: Context, tag: str
) -> None:
    (context.folder / "docker" / "rootfs" / "etc" / "matplotlibrc").write_text("# touched\n")
    assert first_built(image, base, context.build(tag)).startswith("COPY --chmod=755 docker/rootfs")


@pytest.mark.slow
def test_one_more_package_builds_its_own_layer_and_the_small_ones_above(
    image: Image, base: Image, context: Context, tag: str, lock: str
) -> None:
    with (context.folder / "docker" / "requirements" / "extra.txt").open("a") as extra:
        extra.write(lock)
    changed = context.build(tag)
    assert "source=docker/requirements/extra.txt" in first_built(image, base, changed)
    assert changed.run("python", "-c", f"import {LIGHT}; print('there')") == "there\n"
