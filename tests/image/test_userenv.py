"""userenv.py: how the user's environment is laid over the image's packages, tried in two folders."""

from __future__ import annotations

import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from tests.image.engine import module

userenv = module("rootfs/usr/local/lib/workbench/userenv.py")


def package(site: Path, name: str, version: str, installer: str = "uv") -> Path:
    """A package as an installer leaves it, without its modules."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "INSTALLER").write_text(installer)
    return info


def seen(site: Path) -> dict[str, str]:
    """What an installer takes as installed."""
    return {one.metadata["Name"]: one.version for one in metadata.distributions(path=[str(site)])}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    package(folder, "torch", "2.7.1")
    package(folder, "absl-py", "2.5")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


def test_the_images_packages_are_announced(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    assert seen(site) == {"torch": "2.7.1", "absl-py": "2.5"}


def test_an_announcement_lists_only_itself_for_removal(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    files = metadata.Distribution.at(site / "torch-2.7.1.dist-info").files or []
    assert {str(file.parent) for file in files} == {"torch-2.7.1.dist-info"}


def test_announcing_again_changes_nothing(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    userenv.announce(image, site)
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before


def test_what_the_user_installed_stays(image: Path, site: Path) -> None:
    package(site, "absl-py", "9.0")
    userenv.announce(image, site)
    assert seen(site) == {"torch": "2.7.1", "absl-py": "9.0"}


def test_a_package_that_the_user_removed_is_the_images_again(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    userenv.shutil.rmtree(site / "absl_py-2.5.dist-info")
    userenv.announce(image, site)
    assert seen(site) == {"torch": "2.7.1", "absl-py": "2.5"}


def test_a_rebuilt_image_replaces_old_announcements(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    userenv.shutil.rmtree(image / "absl_py-2.5.dist-info")
    package(image, "absl-py", "2.6")
    userenv.announce(image, site)
    assert seen(site) == {"torch": "2.7.1", "absl-py": "2.6"}


def test_what_left_the_image_is_no_longer_announced(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    userenv.shutil.rmtree(image / "absl_py-2.5.dist-info")
    userenv.announce(image, site)
    assert seen(site) == {"torch": "2.7.1"}


def test_a_name_spelled_otherwise_is_the_same_package(image: Path, site: Path) -> None:
    package(image, "ruamel.yaml", "1.0")
    package(site, "Ruamel_YAML", "2.0")
    userenv.announce(image, site)
    assert "ruamel.yaml" not in seen(site)


@pytest.mark.parametrize("left_behind", ["", "INSTALLER", "WHEEL"], ids=["nothing", "a word", "half"])
def test_what_a_killed_installer_left_behind_does_not_stop_the_start(
    left_behind: str, image: Path, site: Path
) -> None:
    (site / "half-1.0.dist-info").mkdir()
    if left_behind:
        (site / "half-1.0.dist-info" / left_behind).touch()
    userenv.announce(image, site)
    assert seen(site)["torch"] == "2.7.1"


def test_a_start_that_was_killed_while_announcing_is_finished_by_the_next(image: Path, site: Path) -> None:
    userenv.announce(image, site)
    (site / "torch-2.7.1.dist-info" / "METADATA").unlink()
    userenv.announce(image, site)
    assert seen(site)["torch"] == "2.7.1"


@pytest.fixture
def prepared(tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(image))
    userenv.prepare(tmp_path / "venv")
    return tmp_path / "venv"


def test_the_environment_runs_the_images_python(prepared: Path) -> None:
    assert (prepared / "bin" / "python").resolve() == Path(sys.executable).resolve()


def test_pip_writes_into_the_environment(prepared: Path) -> None:
    assert (prepared / "bin" / "pip").read_text().splitlines()[1] == f'exec {prepared}/bin/python -m pip "$@"'


def test_an_environment_whose_python_moved_runs_again(prepared: Path) -> None:
    for link in (prepared / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/opt/conda/bin/python3.11")
    userenv.prepare(prepared)
    assert (prepared / "bin" / "python").resolve() == Path(sys.executable).resolve()


def test_moving_to_another_python_keeps_what_the_user_installed(prepared: Path) -> None:
    site = next(prepared.glob("lib/python*/site-packages"))
    package(site, "newcomer", "1.0")
    for link in (prepared / "bin").glob("python*"):
        link.unlink()
    userenv.prepare(prepared)
    assert seen(site)["newcomer"] == "1.0"
