"""Several labels per text, end to end."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from finetune.cli import main
from finetune.data.labels import LabelSet
from finetune.demo import mixed
from finetune.predict import Predictor
from finetune.tasks.multilabel import MultiLabel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("multi")
    rows = []
    for text, name in mixed(3):
        held = [name] if "网友" not in text else []
        rows.append(
            {
                "text": text,
                "labels": held + ["快讯"] * text.startswith("快讯") + ["访谈"] * text.startswith("专访"),
            }
        )
    (folder / "data").mkdir()
    for name, part in (("train", rows[:700]), ("dev", rows[700:850]), ("test", rows[850:1000])):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
        (folder / "data" / f"{name}.jsonl").write_text(lines)
    given = ["--data", str(folder / "data"), "--encoder", str(encoder), "--output-dir", str(folder / "run")]
    more = ["--epochs", "16", "--lr", "1e-3", "--gpu-id", "-1"]
    assert main(["classify", "--multi-label", *given, *more]) == 0
    return folder / "run"


def test_it_learns(run: Path) -> None:
    found = json.loads((run / "metrics.json").read_text())["validation"]
    assert found["micro_f1"] > 0.85
    assert found["average_precision"] > 0.85


def test_tuned_thresholds_are_saved_and_used(run: Path) -> None:
    facts = json.loads((run / "model" / "finetune.json").read_text())
    assert len(facts["thresholds"]) == len(facts["labels"]) == 7
    assert set(facts["thresholds"]) != {0.5}


def test_prediction_names_several_labels_or_none(run: Path) -> None:
    answer = Predictor(run, gpu_id=-1)("快讯：女排刷新个人纪录")
    assert {"体育", "快讯"} <= set(answer["label"]) < set(answer["probabilities"])


def test_evaluate_agrees_with_the_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run), str(run.parent / "data" / "test.jsonl"), "--gpu-id", "-1"]) == 0
    found = json.loads((run / "metrics.json").read_text())["test"]
    assert json.loads(capsys.readouterr().out) == pytest.approx(found, abs=1e-5)


def test_a_label_holds_where_its_own_threshold_is_passed(run: Path) -> None:
    facts = json.loads((run / "model" / "finetune.json").read_text())
    limits = dict(zip(facts["labels"], facts["thresholds"], strict=True))
    lines = (run.parent / "data" / "test.jsonl").read_text().splitlines()
    for answer in Predictor(run, gpu_id=-1).answers([json.loads(one)["text"] for one in lines]):
        held = [name for name, share in answer["probabilities"].items() if share >= limits[name]]
        assert answer["label"] == held


def test_a_head_that_was_trained_for_these_labels_keeps_its_bias(run: Path, encoder: Path) -> None:
    labels = LabelSet(tuple(json.loads((run / "model" / "finetune.json").read_text())["labels"]))
    task = MultiLabel(labels, shares=(0.1,) * len(labels.names))
    trained, new = (task.build(str(one), "auto").state_dict() for one in (run / "model", encoder))
    saved = load_file(run / "model" / "model.safetensors")
    assert torch.equal(trained["classifier.bias"], saved["classifier.bias"])
    assert new["classifier.bias"].tolist() == pytest.approx([math.log(1 / 9)] * len(labels.names))
