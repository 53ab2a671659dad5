"""A fresh container per case, which fails its case when its logs hold a warning that nobody expects."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.image.build import LIGHT, network
from tests.image.engine import REPOSITORY, UNPRIVILEGED, Container, Image, docker, suspicious

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "a password for the tests only"  # noqa: S105 - guards a container that lives for seconds
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVzZWQgYnkgdGVzdHMgb25seSwgbm9ib2R5IGhhcyBpdCE tests\n"


class Start(Protocol):
    """Starts one more workbench."""

    def __call__(self, *options: str) -> Container: ...


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark what needs the built image, so that `-m 'not image'` runs the rest anywhere."""
    for item in items:
        if "image" in item.fixturenames:
            item.add_marker(pytest.mark.image)


@pytest.fixture(scope="session")
def image() -> Image:
    """The image of this checkout, or another one named by WORKBENCH_IMAGE."""
    if shutil.which("docker") is None:
        pytest.skip("no container engine on this machine")
    reference = os.environ.get("WORKBENCH_IMAGE") or _decided()
    found = subprocess.run(
        ["docker", "image", "inspect", reference], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        pytest.skip(f"{reference} is not here, `make up` builds it: {found.stderr.strip()}")
    return Image(reference)


def _decided() -> str:
    argv = [sys.executable, "-m", "launcher", "status"]
    environment = {**os.environ, "FORMAT": "json"}
    told = subprocess.run(argv, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in told.stderr, told.stderr
    if not told.stdout.startswith("{"):
        pytest.skip(f"no image of this checkout: {told.stderr.strip()}")
    return str(json.loads(told.stdout)["image"])


@pytest.fixture(scope="session")
def from_host(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the launcher mounts: the password's hash and who may log in."""
    folder = tmp_path_factory.mktemp("host")
    hashed = image.run("workbench-hash-password", text=PASSWORD + "\n")
    for name, text in {"jupyter_password_hash": hashed, "authorized_keys": PUBLIC_KEY}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
    return folder


@contextmanager
def _workbenches(image: Image, from_host: Path) -> Iterator[Start]:
    """Starts workbenches; at the end each is removed and its logs are read."""
    started: list[Container] = []

    def one(*options: str) -> Container:
        container = Container(f"workbench-test-{uuid.uuid4().hex[:8]}")
        mount = f"--volume={from_host}:/etc/workbench/host:ro"
        docker("run", "--detach", f"--name={container.name}", *UNPRIVILEGED, mount, *options, image.reference)
        started.append(container)
        container.wait("pgrep", "s6-supervise")
        return container

    yield one
    logs = [container.logs() for container in started]
    docker("rm", "--force", "--volumes", *(container.name for container in started))
    assert [line for text in logs for line in suspicious(text)] == []


@pytest.fixture
def start(image: Image, from_host: Path) -> Iterator[Start]:
    """Starts workbenches for one case."""
    with _workbenches(image, from_host) as one:
        yield one


@pytest.fixture
def workbench(start: Start) -> Container:
    """A fresh one, whose services answer, for a case that changes it."""
    container = start()
    container.wait("workbench-health")
    return container


@pytest.fixture(scope="session")
def running(image: Image, from_host: Path) -> Iterator[Container]:
    """One for all the cases that only look."""
    with _workbenches(image, from_host) as start:
        container = start()
        container.wait("workbench-health")
        yield container


@pytest.fixture
def volume() -> Iterator[str]:
    """A named volume, as compose.yaml gives the home folder."""
    name = docker("volume", "create", f"workbench-test-{uuid.uuid4().hex[:8]}").strip()
    yield name
    docker("volume", "rm", name)


@pytest.fixture(scope="session")
def base(image: Image) -> Image:
    """What the image was built on."""
    reference = image.inspect()["Config"]["Labels"]["org.opencontainers.image.base.name"]
    return Image(str(reference))


@pytest.fixture
def tag() -> Iterator[str]:
    """A name for an image that lives as long as the case."""
    name = f"workbench-test:{uuid.uuid4().hex[:8]}"
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture(scope="session")
def lock(image: Image) -> str:
    """A lock with one small package, made by the image's uv as `make lock` makes one."""
    uv = ["uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-emit-index-url", "-"]
    argv = ["docker", "run", "--rm", "--interactive", *network(), image.reference, *uv]
    done = subprocess.run(argv, input=LIGHT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"the package index does not answer: {done.stderr.strip()}")
    return done.stdout
