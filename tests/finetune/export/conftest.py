"""Small trained models of each kind, and one export of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from finetune.cli import main
from tests.finetune.export.models import FACTS, write_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def models(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    return {task: write_model(place / task, encoder, task) for task in FACTS}


@pytest.fixture(scope="session")
def exported(models: dict[str, Path]) -> Callable[[str, str], Path]:
    """Export a model the first time it is asked for."""

    def folder(task: str, form: str) -> Path:
        target = models[task] / "exports" / form
        if not target.is_dir():
            assert main(["export", str(models[task]), "--format", form]) == 0
        return target

    return folder


@pytest.fixture
def texts() -> list[str]:
    """Short and empty, long beyond the limit, Chinese and Latin, all mixed."""
    generator = np.random.default_rng(1)
    known = list("央行沪指国足女排新剧歌手，。 AI图")
    drawn = ["".join(generator.choice(known, size)) for size in (1, 3, 5, 9, 17, 30, 70)]
    return [*drawn, "", "  ", "新剧\u200b亮相", "x" * 40, "the 主队 won（图）", "\U00020000𠮷家"]
