"""News, tokenised and ready to be trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.options import DataOptions, ModelOptions, Settings
from finetune.pipeline import prepare
from finetune.tasks.classification import SPEC

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.tasks.base import Prepared


@pytest.fixture(scope="module")
def ready(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    data = DataOptions(data=news, cache_dir=tmp_path_factory.mktemp("cache"))
    return prepare(Settings(data, ModelOptions(str(encoder))), SPEC, lambda _: None)
