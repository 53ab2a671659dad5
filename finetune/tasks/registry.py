"""Finds a task's module by the name that a saved model carries."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from finetune.data.labels import LabelSet
from finetune.errors import RequestError
from finetune.layout import FACTS, MODEL, ONNX, RECORD, TORCHSCRIPT

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.tasks.base import Task

MODULES = {
    "classify": "classification",
    "multi-label": "multilabel",
    "tag": "tagging",
    "pretrain": "pretraining",
}
EXPORTED = (RECORD, ONNX, TORCHSCRIPT)


def model_folder(path: Path) -> Path:
    """Accept a run folder or the model folder in it; of an export say what takes it."""
    if any((path / one).is_file() for one in EXPORTED) and not (path / "config.json").is_file():
        raise RequestError(
            f"{path}: found an export; accepted: a run folder, or a model that finetune saved. "
            "`finetune serve` and finetune.runtime take exports to ONNX, torch.jit.load those to TorchScript"
        )
    for folder in (path, path / MODEL):
        if (folder / FACTS).is_file():
            return folder
    raise RequestError(
        f"{path}: no {FACTS} in it or in its model/; accepted: a run folder, or a model that finetune saved"
    )


def saved_task(folder: Path) -> Task:
    """Set up the task of a saved model from the facts beside its weights."""
    path = folder / FACTS
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        module = import_module(f"finetune.tasks.{MODULES[facts['task']]}")
        labels = LabelSet(tuple(facts["labels"]), bool(facts["numbered"]))
        return cast("Task", module.from_saved(labels, {**facts, "folder": str(folder)}))
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"{path}: found no facts of a model ({error!r}); train it again, or copy the whole folder"
        ) from None
