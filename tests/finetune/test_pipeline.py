"""What a run's data are prepared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.options import DataOptions, ModelOptions, Settings, TrainingOptions
from finetune.pipeline import prepare
from finetune.tasks.classification import SPEC

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_another_seed_takes_other_rows_for_validation(
    write: Callable[[str, str], Path], encoder: Path, tmp_path: Path
) -> None:
    path = write("a.tsv", "".join(f"好{n}\t{n % 2}\n" for n in range(60)))
    data = DataOptions(data=path, cache_dir=tmp_path)
    taken = []
    for seed in (1, 2):
        settings = Settings(data, ModelOptions(str(encoder)), TrainingOptions(seed=seed))
        corpus = prepare(settings, SPEC, lambda _: None).corpus
        taken.append(set(corpus.splits["validation"].cells("text")))
    assert taken[0] != taken[1]
