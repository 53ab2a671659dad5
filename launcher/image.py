"""The workbench image of this checkout: built above a base, and only when something that goes into it changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, List

from launcher import base as bases

if TYPE_CHECKING:
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
    "COPY finetune": "the finetune library",
}


@dataclass(frozen=True)
class Recipe:
    """What an image of this checkout is made from."""

    reference: str
    variant: str
    base: Base
    uid: int
    gid: int


def fingerprint(docker: Docker, recipe: Recipe) -> str:
    """Changes when a rebuild would change the image."""
    found = docker.image(recipe.base.reference) or {}
    owner = f"{recipe.uid}:{recipe.gid}"
    return bases.digest(docker.checkout, INPUTS, recipe.variant, str(found.get("Id")), owner)


def is_current(docker: Docker, recipe: Recipe) -> bool:
    """Whether the image is there and nothing that goes into it has changed since."""
    found = docker.image(recipe.reference)
    labels = (found or {}).get("Config", {}).get("Labels") or {}
    return labels.get(LABEL) == fingerprint(docker, recipe)


def build(docker: Docker, console: Console, recipe: Recipe, secrets: Dict[str, str]) -> None:
    """Build it; layers that are done already are taken from the cache."""
    revision = docker.host.ask(["git", "-C", str(docker.checkout), "rev-parse", "HEAD"]).stdout.strip()
    arguments = {
        "BASE": recipe.base.reference,
        "BASE_KIND": recipe.base.kind,
        "VARIANT": recipe.variant,
        "WORKBENCH_UID": str(recipe.uid),
        "WORKBENCH_GID": str(recipe.gid),
        "REVISION": revision,
        "INPUTS": fingerprint(docker, recipe),
    }
    argv = [docker.client, "build", "--progress=plain", "--file", "docker/Dockerfile", "--tag", recipe.reference]
    for name, value in arguments.items():
        argv += ["--build-arg", f"{name}={value}"]
    argv += [f"--secret=id={name},src={path}" for name, path in secrets.items()]
    with console.step("Building the image"):
        _follow(docker, console, [*argv, "."])


def _follow(docker: Docker, console: Console, argv: List[str]) -> None:
    """Show BuildKit's steps by what they do: "step 6 of 14: the NLP stack"."""
    where = [""]

    def heard(line: str) -> None:
        console.note(line)
        found = STEP.search(line)
        if found:
            names = [name for mark, name in NAMES.items() if mark in found.group(3)]
            where[0] = f"step {found.group(1)} of {found.group(2)}: {names[0] if names else ''}"
        console.progress(where[0])

    console.note(f"$ {' '.join(argv)}")
    docker.host.stream(argv, heard, env={"DOCKER_BUILDKIT": "1"}, cwd=docker.checkout).check()
