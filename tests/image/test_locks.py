"""The locks: every file by its hash, no index address, all that was asked for, torch only in the base's."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.image.requirements import FOLDER, asked, lock, locked, source

LOCKS = sorted(path.stem for path in FOLDER.glob("*.txt"))
ABOVE_THE_BASE = ["nlp", "interactive", "extra"]
ASKED = [(name, requirement) for name in LOCKS for requirement in asked(name)]


def test_every_list_has_its_lock() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.in")) == LOCKS


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    entries = [part for part in lock(name).read_text().split("\n") if part and part[0].isalnum()]
    blocks = lock(name).read_text().count(" \\\n    --hash=sha256:")
    assert all(entry.endswith("\\") for entry in entries)
    assert blocks >= len(entries)


@pytest.mark.parametrize("path", [*map(lock, LOCKS), *map(source, LOCKS)], ids=lambda path: path.name)
@pytest.mark.parametrize("address", ["://", "--index", "--extra-index", "--find-links", "--trusted-host"])
def test_no_index_address_is_written_down(path: Path, address: str) -> None:
    assert address not in path.read_text()


@pytest.mark.parametrize(("name", "requirement"), ASKED, ids=[f"{name}-{one.name}" for name, one in ASKED])
def test_what_was_asked_for_is_locked_in_a_version_that_fits(name: str, requirement: Requirement) -> None:
    version = locked(name)[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


@pytest.mark.parametrize("name", ABOVE_THE_BASE)
def test_torch_comes_from_the_base_alone(name: str) -> None:
    theirs = {one for one in locked("torch") if one in {"torch", "triton"} or one.startswith("nvidia-")}
    assert theirs & locked(name).keys() == set()


def test_two_locks_never_hold_two_versions_of_a_package() -> None:
    versions: dict[str, set[str]] = {}
    for name in ["torch", *ABOVE_THE_BASE]:
        for package, version in locked(name).items():
            versions.setdefault(package, set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}
