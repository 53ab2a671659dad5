"""The base image: pulled where a registry answers, else built from Debian's packages and torch's wheels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher import buildkit, debian
from launcher.console import Console, follow
from launcher.errors import CommandFailed, WorkbenchError
from launcher.plan import DOCKER_HUB
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from launcher.docker import Docker
    from launcher.variants import Variant, Variants

INPUTS = (
    "docker/base",
    "docker/build/install-torch",
    "docker/requirements/tools.txt",
    "docker/requirements/torch.txt",
)
# a layer of some GB comes without a word; whether the registry answers at all was asked before
PULL_STALL_SECONDS = 900.0
OTHER_WAYS = "Other ways to a base: make up REGISTRY=mirror.example, or build it here: make up BASE=build"
PREFIX = "nlp-workbench-base"
PYPI = "pypi"


@dataclass(frozen=True)
class Base:
    """A base by its local name, and how it came here: registry, wheels or pypi; identity once it is here."""

    reference: str
    kind: str
    identity: str = ""


def known(docker: Docker, variants: Variants) -> dict[str, Base]:
    """The bases that are on this machine already, by variant; pulled ones first."""
    rows = {row.name: candidates(docker.checkout, row, variants) for row in variants.rows.values()}
    images = docker.images(one.reference for row in rows.values() for one in row)
    found: dict[str, Base] = {}
    for name, row in rows.items():
        for one in row:
            if one.reference in images:
                identity = str(images[one.reference].get("Id"))
                found.setdefault(name, Base(one.reference, one.kind, identity))
    return found


def candidates(checkout: Path, variant: Variant, variants: Variants) -> list[Base]:
    """What would do for a variant, the best first."""
    bases = [Base(variant.base_image, "registry")] if variant.base_image else []
    bases.append(Base(_tag(checkout, variant.torch_build), "wheels"))
    if variants.from_pypi(variant):
        bases.append(Base(_tag(checkout, PYPI), PYPI))
    return bases


def digest(checkout: Path, places: tuple[str, ...], *more: str) -> str:
    """One fingerprint of files and folders of the checkout, and of `more`."""
    total = hashlib.sha256("\0".join(more).encode())
    for place in places:
        top = checkout / place
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix != ".pyc":
                total.update(str(path.relative_to(checkout)).encode() + b"\0")
                total.update(bytes([path.stat().st_mode >> 6 & 1]) + path.read_bytes() + b"\0")
    return total.hexdigest()


def pull(docker: Docker, console: Console, registry: str, variant: Variant) -> Base:
    """Pull, and name the image as the official registry does: a mirror's address stays out of the build."""
    reference = variant.base_image or ""
    remote = reference if registry == DOCKER_HUB else f"{registry}/{reference}"
    with console.step(f"Pulling {remote}", "3 to 15 min"):
        work = Work([docker.client, "pull", remote], stall=PULL_STALL_SECONDS, show=Layers())
        try:
            follow(docker.host, console, work)
        except CommandFailed as error:
            raise WorkbenchError(f"{error}\n{OTHER_WAYS}") from error
        if remote != reference:
            docker.run("tag", remote, reference)
    return _identified(docker, Base(reference, "registry"))


@dataclass
class Layers:
    """Shows how many layers of a pull are there."""

    total: int = 0
    there: int = 0

    def __call__(self, line: str) -> str:
        """'4f4fb700ef54: Pull complete' -> '1 of 1 layers'."""
        self.total += line.endswith(("Pulling fs layer", "Already exists"))
        self.there += line.endswith(("Pull complete", "Already exists"))
        return f"{self.there} of {self.total} layers" if self.total else line.strip()


@dataclass(frozen=True)
class Ground:
    """What a build of a base stands on: build secrets by id, and the network's environment for mmdebstrap."""

    secrets: Mapping[str, str]
    env: Mapping[str, str]


def build(docker: Docker, console: Console, variant: Variant, kind: str, ground: Ground) -> Base:
    """Build a base from Debian's packages and torch's wheels; the steps that are done already are skipped."""
    torch = PYPI if kind == PYPI else variant.torch_build
    below = debian.ensure(docker, console, ground.secrets["apt_sources"], ground.env)
    reference = _tag(docker.checkout, torch)
    argv = [docker.client, "build", "--progress=plain", "--file", "docker/base/Dockerfile"]
    argv += ["--build-arg", f"DEBIAN={below}", "--build-arg", f"TORCH={torch}"]
    argv += [f"--secret=id={name},src={ground.secrets[name]}" for name in ("network", "ca")]
    work = Work([*argv, "--tag", reference, "."], cwd=docker.checkout)
    with console.step(f"Installing torch from {'PyPI' if kind == PYPI else 'its wheel index'}", "3 to 6 min"):
        buildkit.build(docker.host, console, work)
    return _identified(docker, Base(reference, kind))


def _identified(docker: Docker, base: Base) -> Base:
    return Base(base.reference, base.kind, str(docker.image(base.reference).get("Id")))


def _tag(checkout: Path, torch: str) -> str:
    """A tag that changes with what the base is made from."""
    return f"{PREFIX}:{torch.replace('+', '-')}-{digest(checkout, INPUTS, debian.TAG)[:12]}"
