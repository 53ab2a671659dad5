"""Measures a trained model on data that it has not seen."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.data.ingest import ingest
from finetune.data.skipped import tell_skipped
from finetune.data.sources import must_exist
from finetune.data.split import whole
from finetune.data.store import default_cache
from finetune.data.tokens import encode_split
from finetune.report.sections import Section
from finetune.report.write import results_table, write_pages
from finetune.training.evaluation import predict_logits
from finetune.writing import write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.options import DataOptions
    from finetune.predict import Predictor


@dataclass(frozen=True)
class Measured:
    """What came out."""

    title: str
    metrics: dict[str, float]
    sections: list[Section]


def measure(name: str, predictor: Predictor, data: DataOptions, say: Callable[[str], None]) -> Measured:
    """Run the model of this name over the file."""
    assert data.data is not None  # noqa: S101 - the caller names a file
    rows = ingest(must_exist(data.data), data, predictor.task.shape)
    say(f"data       {rows.meta['said']}")
    how = dataclasses.replace(predictor.encoder, skip_bad_rows=data.skip_bad_rows)
    encoded = encode_split(whole("test", rows), how, data.cache_dir or default_cache())
    metas = (rows.meta, encoded.stored.meta)
    problems = [one for meta in metas for one in meta["problems"]]
    tell_skipped(problems, sum(meta["skipped"] for meta in metas), say)
    rows_read = predictor.task.view(encoded)
    logits = predict_logits(predictor.model, rows_read, predictor.device, predictor.max_tokens)
    metrics = predictor.task.metrics(logits, encoded)
    return Measured(f"{name} on {data.data.name}", metrics, predictor.task.sections(logits, encoded))


def write_measured(measured: Measured, folder: Path) -> None:
    """Write metrics.json, report.md and report.html."""
    results = Section("results", "Results", results_table({"value": measured.metrics}))
    write_pages(measured.title, "", [results, *measured.sections], folder)
    write_text(folder / "metrics.json", json.dumps(measured.metrics, indent=2) + "\n")
