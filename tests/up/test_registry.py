"""A base is pulled from a real registry, and bears the official name afterwards."""

from __future__ import annotations

import shutil
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from launcher import base, variants
from launcher.console import Console
from launcher.docker import Docker
from launcher.errors import WorkbenchError
from launcher.host import Host
from tests.stack.programs import answers, free_port, in_background, run, wait_until
from tests.stack.workbench import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.stack
CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http: {{addr: 127.0.0.1:{port}}}
"""


def program(folder: Path) -> str:
    """Debian's docker-registry, unpacked but not installed: installing it would start a service."""
    installed = shutil.which("docker-registry")
    if installed:
        return installed
    for argv in (
        ["apt-get", "download", "docker-registry"],
        ["sh", "-c", "dpkg-deb --extract *.deb registry"],
    ):
        if run(argv, folder).returncode:
            pytest.skip("needs Debian's docker-registry, and it cannot be had")
    return str(folder / "registry" / "usr" / "bin" / "docker-registry")


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Its address; Debian's own program, with an empty store."""
    port = free_port()
    (folder / "registry.yml").write_text(CONFIG.format(folder=folder, port=port))
    with in_background([program(folder), "serve", str(folder / "registry.yml")], folder):
        wait_until(lambda: answers(port), "the registry answers")
        yield f"127.0.0.1:{port}"


@pytest.fixture
def docker() -> Docker:
    client = shutil.which("docker")
    if not client or run([client, "version"], CHECKOUT).returncode:
        pytest.skip("needs a container engine")
    return Docker(Host(), client, CHECKOUT, "registry-test")


@pytest.fixture
def variant(docker: Docker) -> variants.Variant:
    """One whose official image does not exist, so that nothing real is hidden by the test."""
    table = variants.load(docker.host, CHECKOUT / "docker" / "variants.json")
    row = table.rows[table.default]
    return variants.Variant(**{**vars(row), "base_image": "pytorch/pytorch:made-by-a-test"})


def push_something(docker: Docker, reference: str, folder: Path) -> None:
    with tarfile.open(folder / "root.tar", "w") as tar:
        tar.add(__file__, arcname="file")
    for words in (["import", str(folder / "root.tar"), reference], ["push", reference], ["rmi", reference]):
        docker.run(*words)


def test_a_mirrors_image_gets_the_official_name(
    docker: Docker, variant: variants.Variant, tmp_path: Path
) -> None:
    with registry(tmp_path) as address:
        remote = f"{address}/{variant.base_image}"
        push_something(docker, remote, tmp_path)
        pulled = base.pull(docker, Console(), address, variant)
    try:
        assert pulled.reference == variant.base_image
        assert docker.image(pulled.reference)["Id"] == pulled.identity
    finally:
        docker.run("rmi", remote, pulled.reference)


def test_an_image_that_the_mirror_lacks_is_told_with_the_other_ways(
    docker: Docker, variant: variants.Variant, tmp_path: Path
) -> None:
    with registry(tmp_path) as address, pytest.raises(WorkbenchError, match="BASE=build"):
        base.pull(docker, Console(), address, variant)
