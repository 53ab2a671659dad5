"""Small trained models of each kind, and one export of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from finetune.cli import main
from finetune.data.corpus import load_corpus
from finetune.data.shape import ONE_LABEL
from finetune.options import DataOptions
from finetune.vocabulary import made_encoder
from tests.finetune.export.models import KINDS, write_model

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def models(encoder: Path, news: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    train = load_corpus(DataOptions(data=news, cache_dir=place), 1, ONE_LABEL).splits["train"]
    encoders = {"light": Path(made_encoder(train, 1, place))}
    return {
        name: write_model(place / name, encoders.get(name, encoder), facts) for name, facts in KINDS.items()
    }


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
