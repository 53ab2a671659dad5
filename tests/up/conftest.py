"""A copy of this checkout as it was committed, in which `make up` may meet trouble."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.stack.programs import run
from tests.stack.workbench import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """Removed at the end with all that `make up` made for it."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to see another engine and another disk")
    folder = tmp_path / "trouble"
    folder.mkdir()
    archive = tmp_path / "head.tar"
    assert run(["git", "archive", f"--output={archive}", "HEAD"], CHECKOUT).returncode == 0
    shutil.unpack_archive(archive, folder)
    yield folder
    run(["make", "clean"], folder, env={"YES": "1"})
