"""One export: write, verify, keep; or fail and leave nothing."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.answers.registry import must_answer
from finetune.errors import ExportError, RequestError
from finetune.export.formats import FORMATS
from finetune.export.samples import Subject, from_file, generated
from finetune.export.triton import refuse_other_models
from finetune.export.verify import compare, of_export, of_model, same_tokens
from finetune.layout import FACTS, RECORD, TOKENIZER
from finetune.machine import package_versions
from finetune.predict import Predictor
from finetune.runtime.engine import assemble
from finetune.writing import refuse_other_files, write_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finetune.export.formats import Format
    from finetune.export.samples import Sample
    from finetune.export.verify import Answers, Tolerance
    from finetune.options import DataOptions


@dataclass(frozen=True)
class Wanted:
    """What is to be exported; without data it is verified on generated texts; points are what it may lose."""

    model: Path
    format: str
    data: DataOptions | None = None
    points: float | None = None


@dataclass(frozen=True)
class Export:
    """A model on its way into a folder."""

    subject: Subject
    sample: Sample
    before: Answers
    tolerance: Tolerance
    say: Callable[[str], None]


def export(wanted: Wanted, target: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Write the folder, verified; returns what export.json says."""
    form = FORMATS[wanted.format]
    if form.arrange is None:
        refuse_other_files(target, "--output-dir", RECORD)
    else:
        refuse_other_models(target, wanted.model)
    subject = load(wanted.model)
    sample = generated(subject) if wanted.data is None else from_file(subject, wanted.data)
    say(f"verified   with {sample.said}")
    tolerance = form.tolerance
    if wanted.points is not None:
        tolerance = dataclasses.replace(tolerance, points=wanted.points)
    work = Export(subject, sample, of_model(subject, sample), tolerance, say)
    record: dict[str, Any] = {"format": wanted.format, "model": str(wanted.model), "texts": sample.said}

    def fill(folder: Path) -> None:
        write_companions(subject, folder)
        record.update(write_verified(work, form, folder), versions=package_versions())
        write_json(folder / RECORD, record)
        if form.arrange is not None:
            form.arrange(folder, wanted.model)

    target.parent.mkdir(parents=True, exist_ok=True)
    write_folder(target, fill, among_others=form.arrange is not None)
    return record


def load(path: Path) -> Subject:
    """Load the model; refuse what cannot be answered without transformers."""
    predictor = Predictor(path, gpu_id=-1, precision="fp32")
    task = must_answer(predictor.task, path, "exported")
    if getattr(predictor.tokenizer, "backend_tokenizer", None) is None:
        kind = type(predictor.tokenizer).__name__
        raise RequestError(
            f"{path}: its tokenizer ({kind}) runs in Python only and has no tokenizer.json; "
            "take an encoder with a fast tokenizer"
        )
    return Subject(predictor, task)


def write_companions(subject: Subject, folder: Path) -> None:
    """Write the tokenizer, and what must be known to answer."""
    model, tokenizer = subject.predictor.model, subject.predictor.tokenizer
    (folder / TOKENIZER).write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    facts = {
        "task": subject.predictor.task.name,
        "labels": list(subject.answerer.labels.names),
        **subject.answerer.facts(),
        "pad_token_id": model.config.pad_token_id or 0,
        "unk_token_id": tokenizer.unk_token_id,
    }
    write_json(folder / FACTS, facts)


def write_verified(work: Export, form: Format, folder: Path) -> dict[str, Any]:
    """Try the format's ways in turn, and keep the first that answers as the model does."""
    path = folder / form.file
    failed: list[dict[str, Any]] = []
    for way in ways(work, form, path):
        runtime = assemble(folder, form.compute(path))
        wrong = same_tokens(work.sample, runtime)
        after = of_export(work.subject, work.sample, runtime)
        name = work.subject.predictor.task.main_metric
        found = compare(work.before, after, work.sample, name, work.tolerance)
        size = sum(one.stat().st_size for one in folder.glob(f"{form.file}*"))
        allowed = dataclasses.asdict(work.tolerance)
        figures = {"way": way, "bytes": size, **found.figures, "tolerance": allowed}
        wrong += found.wrong
        if not wrong:
            return {**figures, "tried_before": failed}
        failed.append({"way": way, "wrong": wrong})
        work.say(f"not kept   {way}: {'; '.join(wrong)}")
    reasons = "; ".join(failed[-1]["wrong"])
    raise ExportError(f"the export does not answer as the model does: {reasons}. Nothing was written")


def ways(work: Export, form: Format, path: Path) -> Iterator[str]:
    """Write the file in each way the format knows, naming it."""
    if not form.ways:
        form.source(work.subject.predictor.model, path)
        yield "as trained"
        return
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as folder:
        source = Path(folder) / "source"
        form.source(work.subject.predictor.model, source)
        for said, write in form.ways:
            for old in path.parent.glob(f"{path.name}*"):
                old.unlink()
            write(source, path)
            yield said
