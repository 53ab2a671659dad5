"""Measures a trained model on data that it has not seen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from finetune.data.columnar import is_saved
from finetune.data.corpus import labels_in
from finetune.data.ingest import ingest
from finetune.data.labels import LabelSet, read_class_file, settled
from finetune.data.skipped import tell_skipped
from finetune.data.sources import class_file_near, must_exist
from finetune.data.split import whole
from finetune.data.store import default_cache
from finetune.data.tokens import encode_split
from finetune.errors import Problem
from finetune.report.sections import Section
from finetune.report.write import results_table, write_pages
from finetune.training.evaluation import predict_logits
from finetune.wording import shorten
from finetune.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.data.rows import Row
    from finetune.data.shape import Shape
    from finetune.data.store import Stored
    from finetune.data.tokens import RowEncoding
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
    for said in (rows.meta["said"], *rows.meta["doubts"]):
        say(f"data       {said}")
    how = dataclasses.replace(known_labels(predictor, rows, data.data, say), skip_bad_rows=data.skip_bad_rows)
    encoded = encode_split(whole("test", rows), how, data.cache_dir or default_cache())
    metas = (rows.meta, encoded.stored.meta)
    problems = [one for meta in metas for one in meta["problems"]]
    tell_skipped(problems, sum(meta["skipped"] for meta in metas), say)
    rows_read = predictor.task.view(encoded)
    logits = predict_logits(predictor.model, rows_read, predictor.device, predictor.max_tokens)
    metrics = predictor.task.metrics(logits, encoded)
    return Measured(f"{name} on {data.data.name}", metrics, predictor.task.sections(logits, encoded))


def known_labels(predictor: Predictor, rows: Stored, path: Path, say: Callable[[str], None]) -> RowEncoding:
    """Read class numbers by the class file beside the data, which may list the classes in another order."""
    encoding, labels, shape = predictor.encoding, predictor.task.labels, predictor.task.shape
    file = class_file_near(path) if path.is_file() or is_saved(path) else None
    if file is None or not labels.names or pa.types.is_list(shape.label_type):
        return encoding
    names = tuple(read_class_file(file))
    if names == labels.names:
        return encoding
    listed = LabelSet(names, numbered=True, origin=str(file))
    theirs, doubt = settled(listed, labels_in(rows, shape) if listed.ambiguous else ())
    say(f"data       class names from {file}: {shorten(', '.join(names), 200)}")
    if doubt:
        say(f"data       {doubt}")

    def label(row: Row) -> Any:  # noqa: ANN401 - as the task encodes it
        found = renamed(row, theirs, labels, shape)
        return found if isinstance(found, Problem) else encoding.label(found)

    return dataclasses.replace(encoding, key=f"{encoding.key} {theirs}", label=label)


def renamed(row: Row, theirs: LabelSet, ours: LabelSet, shape: Shape) -> Row | Problem:
    """Write the labels of a row as the model takes them: by its own numbers, if it knows numbers at all."""
    names = [theirs.meaning(one) for one in shape.names(row.label)]
    strange = next((one for one in names if one not in ours.names), None)
    if strange is not None:
        expected = f"a class of the model: {shorten(', '.join(ours.names), 200)}"
        todo = f"correct the label, or {theirs.origin}, which names the classes"
        return Problem(row.path, row.line, f"the label {shorten(strange)}", expected, todo)
    spelt = [str(ours.names.index(one)) for one in names] if ours.numbered else names
    return dataclasses.replace(row, label=shape.cell(spelt))


def write_measured(measured: Measured, folder: Path) -> None:
    """Write metrics.json, report.md and report.html."""
    results = Section("results", "Results", results_table({"value": measured.metrics}))
    write_pages(measured.title, "", [results, *measured.sections], folder)
    write_json(folder / "metrics.json", measured.metrics)
