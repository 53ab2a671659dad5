"""The workbench image of this checkout: built above a base, when something that goes into it changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher import base as bases
from launcher import buildkit
from launcher.loose import as_dict
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.base import Base
    from launcher.console import Console
    from launcher.docker import Docker

INPUTS = (".dockerignore", "docker", "finetune")
LABEL = "workbench.inputs"
STEP = re.compile(r"\[workbench +(\d+)/(\d+)\] (.*)")
NAMES = {
    "promise.py record": "checking the base",
    "apt-install": "system packages",
    "nlp.txt": "the NLP stack",
    "interactive.txt": "JupyterLab and tools",
    "extra.txt": "your packages",
    "promise.py verify": "checking torch, writing the SBOM",
    "useradd": "your user",
    "rootfs": "the services",
    "/opt/workbench/finetune": "the finetune library",
}


@dataclass(frozen=True)
class Recipe:
    """What an image of this checkout is made from; owner is the UID and GID of the user in it."""

    reference: str
    variant: str
    base: Base
    owner: tuple[int, int]


def fingerprint(docker: Docker, recipe: Recipe) -> str:
    """Changes when a rebuild would change the image."""
    return bases.digest(
        docker.checkout, INPUTS, recipe.variant, recipe.base.identity, "{}:{}".format(*recipe.owner)
    )


def is_current(docker: Docker, recipe: Recipe) -> bool:
    """Whether the image is there and nothing that goes into it has changed since."""
    labels = as_dict(as_dict(docker.image(recipe.reference).get("Config")).get("Labels"))
    return labels.get(LABEL) == fingerprint(docker, recipe)


def build(docker: Docker, console: Console, recipe: Recipe, secrets: Mapping[str, str]) -> None:
    """Build it; layers that are done already are taken from the cache."""
    usual = "" if docker.image(recipe.reference) else "4 to 8 min"
    argv = [
        docker.client,
        "build",
        "--progress=plain",
        "--file",
        "docker/Dockerfile",
        "--tag",
        recipe.reference,
    ]
    for name, value in _arguments(docker, recipe).items():
        argv += ["--build-arg", f"{name}={value}"]
    argv += [f"--secret=id={name},src={path}" for name, path in secrets.items()]
    with console.step("Building the image", usual):
        work = Work([*argv, "."], cwd=docker.checkout, show=Steps())
        buildkit.build(docker.host, console, work)


def _arguments(docker: Docker, recipe: Recipe) -> dict[str, str]:
    revision = docker.host.ask(["git", "-C", str(docker.checkout), "rev-parse", "HEAD"]).stdout.strip()
    return {
        "BASE": recipe.base.reference,
        "BASE_KIND": recipe.base.kind,
        "VARIANT": recipe.variant,
        "WORKBENCH_UID": str(recipe.owner[0]),
        "WORKBENCH_GID": str(recipe.owner[1]),
        "REVISION": revision,
        "INPUTS": fingerprint(docker, recipe),
    }


@dataclass
class Steps:
    """Shows BuildKit's steps by what they do."""

    now: str = field(default="")

    def __call__(self, line: str) -> str:
        """'#9 [workbench  6/14] RUN ... nlp.txt ...' -> 'step 6 of 14: the NLP stack', until the next."""
        found = STEP.search(line)
        if found:
            number, total, command = found.groups()
            names = [name for mark, name in NAMES.items() if mark in command]
            self.now = f"step {number} of {total}" + (f": {names[0]}" if names else "")
        return self.now
