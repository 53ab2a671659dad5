"""Whose the files on the named volumes are: like those in workspace/, the container's user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.console import Console, follow
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.docker import Docker
    from launcher.image import Recipe

PLACES = {"home": "/home/nlp", "cache": "/cache"}


def owner(recipe: Recipe) -> str:
    """As .env keeps it: "1000:1000"."""
    return "{}:{}".format(*recipe.owner)


def hand_over(docker: Docker, console: Console, decided: Mapping[str, str], recipe: Recipe) -> None:
    """Give the volumes of the last start to the user of this one, where they differ."""
    last = decided.get("WORKBENCH_OWNER")
    if last is None or last == owner(recipe):
        return
    console.say(f"The container's user was {last} at the last start, and is {owner(recipe)} now.")
    mounts = [f"--volume={docker.name}_{name}:{place}" for name, place in PLACES.items()]
    argv = [docker.client, "run", "--rm", "--network=none", "--user=0", "--entrypoint=chown", *mounts]
    with console.step("Handing the volumes `home` and `cache` over", "a few seconds"):
        follow(docker.host, console, Work([*argv, recipe.reference, "-R", owner(recipe), *PLACES.values()]))
