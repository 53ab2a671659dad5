"""No secret in any layer, history or configuration: of the image, and of a build that was full of them."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.image.build import docker_build, secrets
from tests.image.engine import REPOSITORY, Image, docker
from tests.image.search import holding, in_layers, named

if TYPE_CHECKING:
    from pathlib import Path

STATE = REPOSITORY / ".workbench"
MARKER = "marker-7d1f0c"
PRIVATE_KEY = "^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----"
PUBLISHED_KEYS = ("/tornado/test/test.key",)  # part of a package that everybody can download
DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
SECRET_FILES = (
    *("*/ssh_host_*", "*/.ssh/*", "*/id_ed25519*", "*/.netrc", "*/.git-credentials", "*/run/secrets/*"),
    *("*/etc/apt/auth.conf*", "*/var/lib/apt/lists/*", "*/pip.conf", "*/uv.toml", "*/.env", "*/network.env"),
)
HARMLESS_ARGUMENTS = {"BASE", "BASE_KIND", "VARIANT", "WORKBENCH_UID", "WORKBENCH_GID"}
HARMLESS_ARGUMENTS |= {"VERSION", "REVISION", "INPUTS", "DEBIAN", "TORCH"}
DOCKERFILES = ["docker/Dockerfile", "docker/base/Dockerfile"]
USES_THE_NETWORK = ("apt-install", "pip-install", "install-torch", "pip install")


def secret_words() -> list[str]:
    """Everything on this machine that the image must not hold: password, hash, keys, mirrors, proxy."""
    files = ["jupyter_password", "container/jupyter_password_hash", "container/authorized_keys"]
    files += ["ssh/id_ed25519", "build/apt_sources", "network.env", "build/network"]
    lines = [
        line
        for name in files
        if (STATE / name).exists()
        for line in (STATE / name).read_text().splitlines()
        if not line.startswith(("-----", "#", "TORCH_INDEX=", "no_proxy=", "NO_PROXY=")) and len(line) > 7
    ]
    return [re.sub(r"^[A-Za-z_]+=", "", line) for line in lines]


def told(image: Image) -> str:
    """History and configuration, as the engine shows them to anybody."""
    return docker("history", "--no-trunc", image.reference) + json.dumps(image.inspect())


def test_no_layer_holds_what_is_secret_on_this_machine(image: Image, base: Image, tmp_path: Path) -> None:
    words = secret_words() or pytest.skip("nothing is secret here: `make up` was not run in this checkout")
    assert holding(image, base, words, tmp_path) == []


def test_neither_history_nor_configuration_tell_a_secret(image: Image) -> None:
    text = told(image)
    assert [word for word in secret_words() if word in text] == []


def test_no_layer_holds_a_private_key(image: Image, base: Image) -> None:
    found = in_layers(image, base, f"grep -rlaE -e '{PRIVATE_KEY}' /layers || test $? = 1")
    assert [path for path in found if not path.endswith(PUBLISHED_KEYS)] == []


def test_no_layer_holds_a_file_that_usually_is_secret(image: Image, base: Image) -> None:
    assert named(image, base, SECRET_FILES) == []


def test_a_base_built_here_keeps_no_address_of_a_mirror(image: Image, base: Image) -> None:
    if image.record()["base"] == "registry":
        pytest.skip("the base was pulled: its sources are its makers'")
    mirrors = "find /etc/apt/sources.list /etc/apt/sources.list.d -type f 2>/dev/null || true"
    assert base.run("sh", "-c", mirrors) == ""


@pytest.mark.parametrize("path", DOCKERFILES)
def test_no_build_argument_can_carry_a_secret(path: str) -> None:
    found = re.findall(r"^ARG (\w+)", (REPOSITORY / path).read_text(), re.MULTILINE)
    assert set(found) <= HARMLESS_ARGUMENTS


@pytest.mark.parametrize("path", DOCKERFILES)
def test_whatever_uses_the_network_gets_it_as_a_secret(path: str) -> None:
    steps = (REPOSITORY / path).read_text().replace("\\\n", " ").splitlines()
    using = [
        step for step in steps if step.startswith("RUN") and any(word in step for word in USES_THE_NETWORK)
    ]
    assert using
    assert [
        step for step in using if "/run/with-network" not in step or "type=secret,id=network" not in step
    ] == []


@pytest.fixture(scope="module")
def full_of_secrets(image: Image, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """This machine's own build secrets, with a marker in every place where people keep tokens."""
    folder = tmp_path_factory.mktemp("secrets")
    given = {name: path.read_text() for name, path in secrets().items()}
    named_index = re.findall(r"^UV_DEFAULT_INDEX='?([^'\n]+)", given.get("network", ""), re.MULTILINE)
    index = named_index[0] if named_index else image.run("python", "-c", DEFAULT_INDEX).strip()
    sources = given.get("apt_sources") or image.run("cat", "/etc/apt/sources.list")
    texts = {
        "network": given.get("network", "")
        + f"UV_DEFAULT_INDEX={with_password(index)}\nno_proxy={MARKER}.example\nHF_TOKEN=hf_{MARKER}\n",
        "apt_sources": with_password(sources),
        "ca": given.get("ca", "") + f"# {MARKER}\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in texts}


def with_password(text: str) -> str:
    """https://host/ -> https://user:marker@host/ ."""
    return re.sub(r"(https?://)(?:[^/@\s]+@)?", rf"\1user:{MARKER}@", text)


@pytest.mark.slow
def test_a_build_with_tokens_everywhere_keeps_none(
    image: Image, full_of_secrets: dict[str, Path], lock: str, tag: str, tmp_path: Path
) -> None:
    for name in ("with-network", "apt-install", "pip-install"):
        shutil.copy(REPOSITORY / "docker" / "build" / name, tmp_path)
    (tmp_path / "lock.txt").write_text(lock)
    (tmp_path / "Dockerfile").write_text(TWO_REAL_STEPS.replace("IMAGE", image.reference))
    done = docker_build(tmp_path, f"--tag={tag}", given=full_of_secrets)
    if "Failed to fetch" in done.stderr:  # an index that hiccups gets a second chance
        done = docker_build(tmp_path, f"--tag={tag}", given=full_of_secrets)
    assert done.returncode == 0, done.stderr
    assert MARKER not in done.stdout + done.stderr
    assert MARKER not in told(Image(tag))
    assert holding(Image(tag), image, [MARKER], tmp_path) == []


TWO_REAL_STEPS = """
FROM IMAGE
USER root
RUN --mount=type=bind,target=/run/build --mount=type=secret,id=network --mount=type=secret,id=ca \\
    --mount=type=secret,id=apt_sources \\
    /run/build/with-network sh -c 'env | grep -q marker && /run/build/apt-install hello'
RUN --mount=type=bind,target=/run/build --mount=type=secret,id=network --mount=type=secret,id=ca \\
    /run/build/with-network /run/build/pip-install /run/build/lock.txt
"""
