"""The base image: pulled where a registry answers, else built from Debian's packages and torch's wheels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List

from launcher import install
from launcher.errors import HostNotReady
from launcher.plan import DOCKER_HUB

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.docker import Docker
    from launcher.settings import Settings
    from launcher.variants import Variant, Variants

SUITE = "bookworm"
INCLUDE = "ca-certificates,python3,python3-dev,python3-venv,python-is-python3"
INPUTS = ("docker/base", "docker/build/install-torch", "docker/requirements/tools.txt", "docker/requirements/torch.txt")
PULL_STALL_SECONDS = 60.0
PREFIX = "nlp-workbench-base"


@dataclass(frozen=True)
class Base:
    """A base by its local reference, and how it came here: registry, wheels or pypi."""

    reference: str
    kind: str


def known(docker: Docker, variants: Variants) -> Dict[str, Base]:
    """The bases that are on this machine already, by variant; pulled ones first."""
    found = {}
    for variant in variants.rows.values():
        for candidate in _candidates(docker.checkout, variant, variants):
            if variant.name not in found and docker.image(candidate.reference):
                found[variant.name] = candidate
    return found


def _candidates(checkout: Path, variant: Variant, variants: Variants) -> List[Base]:
    bases = [Base(variant.base_image, "registry")] if variant.base_image else []
    bases.append(Base(_tag(checkout, variant.torch_build), "wheels"))
    if variant.name in {variants.pypi_build, "cpu"}:
        bases.append(Base(_tag(checkout, "pypi"), "pypi"))
    return bases


def _tag(checkout: Path, torch: str) -> str:
    """A tag that changes with what the base is made from."""
    return f"{PREFIX}:{torch.replace('+', '-')}-{digest(checkout, INPUTS)[:12]}"


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


def pull(docker: Docker, console: Console, settings: Settings, variant: Variant) -> Base:
    """Pull, and name the image as the official registry does: a mirror's address stays out of the build."""
    reference = variant.base_image or ""
    registry = settings.plan.registry
    remote = reference if registry == DOCKER_HUB else f"{registry}/{reference}"
    with console.step(f"Pulling {reference} ({registry})"):
        docker.follow([docker.client, "pull", remote], console, stall=PULL_STALL_SECONDS)
        if remote != reference:
            docker.run("tag", remote, reference)
    return Base(reference, "registry")


def build(
    docker: Docker, console: Console, torch: str, kind: str, secrets: Dict[str, str]
) -> Base:
    """Build a base from Debian's packages and torch's wheels; the steps that are done already are skipped."""
    base = Base(_tag(docker.checkout, "pypi" if kind == "pypi" else torch), kind)
    debian = f"nlp-workbench-debian:{SUITE}-{hashlib.sha256(INCLUDE.encode()).hexdigest()[:8]}"
    if docker.image(debian) is None:
        _bootstrap(docker, console, debian, secrets["apt_sources"])
    with console.step(f"Installing torch from {'PyPI' if kind == 'pypi' else 'its wheel index'}"):
        argv = [docker.client, "build", "--progress=plain", "--file", "docker/base/Dockerfile"]
        argv += ["--build-arg", f"DEBIAN={debian}", "--build-arg", f"TORCH={'pypi' if kind == 'pypi' else torch}"]
        argv += [f"--secret=id={name},src={path}" for name, path in secrets.items() if name != "apt_sources"]
        docker.follow([*argv, "--tag", base.reference, "."], console, DOCKER_BUILDKIT="1")
    return base


def _bootstrap(docker: Docker, console: Console, tag: str, sources: str) -> None:
    """Debian's root file system as an image, made by mmdebstrap."""
    archive = docker.checkout / ".workbench" / "build" / f"{tag.replace(':', '-')}.tar"
    if not archive.exists():
        _need_mmdebstrap(docker, console)
        part = archive.with_suffix(".part")
        argv = ["mmdebstrap", "--variant=minbase", "--format=tar", f"--include={INCLUDE}", SUITE, str(part)]
        if Path(sources).read_text():
            argv[1:1] = ['--customize-hook=rm -f "$1"/etc/apt/sources.list']
            argv.append(sources)
        with console.step(f"Building Debian {SUITE} from the distribution's packages"):
            docker.follow(argv, console)
        part.rename(archive)
    with console.step("Handing it to the engine"):
        docker.follow([docker.client, "import", str(archive), tag], console)
    archive.unlink()


def _need_mmdebstrap(docker: Docker, console: Console) -> None:
    host = docker.host
    if host.which("mmdebstrap"):
        return
    command = ["apt-get", "-q", "-y", "install", "--no-install-recommends", "mmdebstrap", "debian-archive-keyring"]
    if not host.is_root or not install.packages(host):
        raise HostNotReady(
            "no registry answers, and mmdebstrap, which builds a base from Debian's packages, is not installed.\n"
            f"  sudo {' '.join(command[:1] + command[3:])}   # on Debian and Ubuntu; other systems name it alike\n"
            "then `make up` again; or name a registry that answers: make up REGISTRY=mirror.example"
        )
    console.say("Installing mmdebstrap, which builds a base from Debian's packages")
    docker.follow(["apt-get", "-q", "update"], console)
    docker.follow(command, console, DEBIAN_FRONTEND="noninteractive")
