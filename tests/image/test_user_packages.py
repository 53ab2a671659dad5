"""Packages that the user installs, without root, beside those of the image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.image.build import LIGHT, network
from tests.image.wheels import wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.conftest import Start
    from tests.image.engine import Container

OFFLINE = ("--no-index", "--find-links=/wheels")
INSTALLERS = {"uv": ("uv", "pip"), "pip": ("pip",)}
TQDM = "import tqdm; print(tqdm.__version__)"


@pytest.fixture
def home(volume: str, start: Start, tmp_path: Path) -> Container:
    """A workbench with its home on a named volume, and a folder of wheels in place of an index."""
    wheel(tmp_path, "newcomer", "1.0")
    wheel(tmp_path, "tqdm", "99.0")
    wheel(tmp_path, "hungry", "1.0", needs="torch>=2,<3")
    wheel(tmp_path, "torch", "2.6.0")
    tmp_path.chmod(0o755)
    return start(f"--volume={volume}:/home/nlp", f"--volume={tmp_path}:/wheels:ro", "--network=none")


@pytest.mark.parametrize("installer", INSTALLERS.values(), ids=INSTALLERS)
def test_a_package_survives_a_restart(installer: tuple[str, ...], home: Container) -> None:
    home.run(*installer, "install", *OFFLINE, "newcomer")
    home.restart()
    assert home.run("python", "-c", "import newcomer; print(newcomer.__file__)").startswith(
        "/home/nlp/.venv/"
    )


@pytest.mark.usefixtures("lock")  # asks the index, and skips where none answers
def test_a_package_comes_from_the_index_without_root(start: Start) -> None:
    workbench = start(*network())
    workbench.run("uv", "pip", "install", LIGHT)
    assert workbench.run("python", "-c", f"import {LIGHT}; print({LIGHT}.__file__)").startswith("/home/nlp/")


def test_a_package_survives_a_new_container(home: Container, start: Start, volume: str) -> None:
    home.run("uv", "pip", "install", *OFFLINE, "newcomer")
    home.stop()
    again = start(f"--volume={volume}:/home/nlp")
    assert again.run("python", "-c", "import newcomer; print(newcomer.__version__)") == "1.0\n"


def test_the_images_packages_are_installed_in_the_users_eyes(home: Container) -> None:
    listed = home.run("uv", "pip", "list")
    assert all(name in listed for name in ("torch ", "transformers ", "jupyterlab "))


@pytest.mark.parametrize("installer", INSTALLERS.values(), ids=INSTALLERS)
def test_what_needs_torch_takes_the_images(installer: tuple[str, ...], home: Container) -> None:
    said = home.run("sh", "-c", f"{' '.join((*installer, 'install', '--dry-run', *OFFLINE))} hungry 2>&1")
    would = [line for line in said.splitlines() if line.startswith(("Would install", " + "))]
    assert "hungry" in " ".join(would)
    assert not re.search(r"\btorch[-=]", " ".join(would))


@pytest.mark.parametrize("installer", INSTALLERS.values(), ids=INSTALLERS)
def test_torch_cannot_be_replaced(installer: tuple[str, ...], home: Container) -> None:
    said = home.fails(*installer, "install", *OFFLINE, "torch==2.6.0")
    assert "torch==2.6.0" in said
    assert "torch==2.7.1" in said
    assert home.run("python", "-c", "import torch; print(torch.__version__)").startswith("2.7.1")


@pytest.mark.parametrize("installer", INSTALLERS.values(), ids=INSTALLERS)
def test_the_users_upgrade_wins_until_it_is_removed(installer: tuple[str, ...], home: Container) -> None:
    images = home.run("python", "-c", TQDM)
    home.run(*installer, "install", *OFFLINE, "--upgrade", "tqdm")
    assert home.run("python", "-c", TQDM) == "99.0\n"
    home.run(*installer, "uninstall", *(["--yes"] if installer == ("pip",) else []), "tqdm")
    home.restart()
    assert home.run("python", "-c", TQDM) == images
    assert f"tqdm {images.strip()}" in " ".join(home.run("uv", "pip", "list").split())


def test_services_keep_the_images_packages_when_the_user_changes_theirs(home: Container) -> None:
    home.run("uv", "pip", "install", *OFFLINE, "--upgrade", "tqdm")
    assert home.run("workbench-python", "-c", TQDM) != "99.0\n"
    home.wait("workbench-health")
