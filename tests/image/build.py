"""Builds the image again from a changed copy of what it is made from; what is done already is cached."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.image.engine import REPOSITORY, Image

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"network": "build/network", "apt_sources": "build/apt_sources", "ca": "ca-certificates.crt"}
INPUTS = ("docker", "finetune", ".dockerignore")
LIGHT = "iniconfig"  # a package of a few kilobytes, which nothing else in the image needs
MAKES_A_LAYER = ("RUN", "COPY", "ADD", "WORKDIR")


def secrets() -> dict[str, Path]:
    """What the launcher gives to a build on this machine: proxy and mirrors, apt's sources, the CA bundle."""
    paths = {name: REPOSITORY / ".workbench" / place for name, place in SECRETS.items()}
    return {name: path for name, path in paths.items() if path.exists()}


def network() -> list[str]:
    """What compose gives a container here so that it reaches an index: CA bundle, proxy, mirrors."""
    state = REPOSITORY / ".workbench"
    bundle, settings = state / "ca-certificates.crt", state / "network.env"
    mount = [f"--volume={bundle}:/etc/ssl/certs/ca-certificates.crt:ro"] if bundle.exists() else []
    return [*mount, *([f"--env-file={settings}"] if settings.exists() else [])]


def docker_build(
    folder: Path, *options: str, given: dict[str, Path] | None = None
) -> subprocess.CompletedProcess[str]:
    """One build with BuildKit; how it went is for the caller to judge."""
    found = secrets() if given is None else given
    secret = [f"--secret=id={name},src={path}" for name, path in found.items()]
    return subprocess.run(
        ["docker", "build", "--progress=plain", *secret, *options, str(folder)],
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Context:
    """A copy of the build context, free to be changed, and the image that it was made into."""

    folder: Path
    image: Image

    def build(self, tag: str, given: dict[str, Path] | None = None) -> Image:
        """The image that this copy makes, with the arguments of the first one."""
        labels = self.image.inspect()["Config"]["Labels"]
        arguments = {
            "BASE": labels["org.opencontainers.image.base.name"],
            "BASE_KIND": self.image.record()["base"],
            "VARIANT": labels["workbench.variant"],
            "WORKBENCH_UID": self.image.run("id", "-u").strip(),
            "WORKBENCH_GID": self.image.run("id", "-g").strip(),
        }
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        dockerfile = f"--file={self.folder}/docker/Dockerfile"
        done = docker_build(self.folder, dockerfile, f"--tag={tag}", *options, given=given)
        assert done.returncode == 0, done.stderr
        return Image(tag)


def copy(folder: Path, image: Image) -> Context:
    """A fresh copy; files keep their times, as the engine keeps them in its layers."""
    for name in INPUTS:
        here = REPOSITORY / name
        if here.is_dir():
            shutil.copytree(here, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(here, folder / name)
    return Context(folder, image)


def layers(image: Image) -> list[str]:
    """Fingerprints of its layers, the lowest first."""
    return [str(one) for one in image.inspect()["RootFS"]["Layers"]]


def shared(one: Image, other: Image) -> int:
    """How many of the lowest layers two images have in common."""
    pairs = list(zip(layers(one), layers(other), strict=False))
    return next((number for number, (left, right) in enumerate(pairs) if left != right), len(pairs))


def steps() -> list[str]:
    """The instructions of the Dockerfile that make a layer above the base, in order."""
    text = (REPOSITORY / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    final = text.rpartition("\nFROM ")[2]
    return [line for line in final.splitlines() if line.startswith(MAKES_A_LAYER)]
