"""Measuring on files whose class file is not that of the model."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pytest

from finetune.cli import main
from finetune.data.ingest import ingest
from finetune.data.labels import LabelSet
from finetune.data.split import whole
from finetune.data.tokens import RowEncoding, read_rows
from finetune.errors import Problem
from finetune.measure import known_labels
from finetune.options import DataOptions
from finetune.tasks.classification import Classification
from finetune.tasks.multilabel import MultiLabel

if TYPE_CHECKING:
    from pathlib import Path


def read(task: Classification, folder: Path, labels: str, classes: str) -> tuple[list[Any], list[str]]:
    """Write a file of these labels with this class file beside it, and read it for a model of this task."""
    (folder / "class.txt").write_text("\n".join(classes.split()))
    path = folder / "test.tsv"
    path.write_text("text\tlabel\n" + "".join(f"text {n}\t{one}\n" for n, one in enumerate(labels.split())))
    rows = ingest(path, DataOptions(data=path, cache_dir=folder / "cache"), task.shape)
    label = task.numbers if isinstance(task, MultiLabel) else task.labels.encode
    encoding = RowEncoding("", pa.int32(), label, cast("Any", None))
    said: list[str] = []
    how = known_labels(cast("Any", SimpleNamespace(task=task, encoding=encoding)), rows, path, said.append)
    split = whole("test", rows)
    return [how.label(row) for batch in split.batches() for row in read_rows(split, batch)], said


@pytest.mark.parametrize("numbered", [True, False])
def test_numbers_mean_what_the_class_file_beside_them_says(tmp_path: Path, *, numbered: bool) -> None:
    task = Classification(LabelSet(("neg", "pos"), numbered=numbered))
    found, said = read(task, tmp_path, "0 1 neg pos", "pos neg")
    assert found == [1, 0, 0, 1]
    assert said == [f"data       class names from {tmp_path / 'class.txt'}: 'pos, neg'"]


def test_the_models_own_class_file_changes_nothing(tmp_path: Path) -> None:
    task = Classification(LabelSet(("1", "2", "3"), numbered=True))
    assert read(task, tmp_path, "1 2", "1 2 3") == ([1, 2], [])


def test_names_that_are_numbers_stay_names(tmp_path: Path) -> None:
    task = Classification(LabelSet(("1", "2", "3"), numbered=True))
    assert read(task, tmp_path, "1 2", "3 2 1")[0] == [0, 1]
    assert read(task, tmp_path, "0 1", "3 2 1")[0] == [2, 1]


def test_a_name_that_the_model_lacks_is_refused(tmp_path: Path) -> None:
    (found,), _ = read(Classification(LabelSet(("neg", "pos"), numbered=True)), tmp_path, "1", "neg 0")
    assert isinstance(found, Problem)
    assert "found the label '0'; expected a class of the model: 'neg, pos'" in str(found)


def test_each_of_several_labels_is_looked_up(tmp_path: Path) -> None:
    task = MultiLabel(LabelSet(("anger", "joy"), numbered=True))
    assert read(task, tmp_path, "0,1 0 anger", "joy anger")[0] == [[0, 1], [1], [0]]


def test_evaluate_reads_the_class_file_beside_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{'good fine' if n % 2 else 'bad poor'} {n}\t" for n in range(60)]
    (tmp_path / "train.csv").write_text(
        "text\tlabel\n" + "".join(f"{row}{['neg', 'pos'][n % 2]}\n" for n, row in enumerate(rows))
    )
    run = ["--encoder", "light", "--output-dir", str(tmp_path / "run"), "--gpu-id", "-1", "--epochs", "20"]
    assert main(["classify", "--train-file", str(tmp_path / "train.csv"), *run]) == 0
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "class.txt").write_text("pos\nneg\n")
    later = tmp_path / "later" / "test.txt"
    later.write_text("".join(f"{row}{1 - n % 2}\n" for n, row in enumerate(rows)))
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "run"), str(later), "--gpu-id", "-1"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] > 0.9
