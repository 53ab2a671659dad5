"""Masked-LM pretraining: rows, the sparse head, two stages from the command line, wrong input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from finetune.batching import padded
from finetune.cli import main
from finetune.data.pieces import NOT_WANTED
from finetune.data.plain import PLAIN
from finetune.encoders import find_encoder
from finetune.errors import EncoderError
from finetune.options import DataOptions, ModelOptions, Settings, TrainingOptions
from finetune.pipeline import prepare
from finetune.predict import Predictor
from finetune.pretrained import load_tokenizer
from finetune.sparse_head import LOSS
from finetune.tasks import pretraining
from finetune.training.step import Stepper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.tasks.base import Prepared

    Write = Callable[[str, str | bytes], Path]


@pytest.fixture(scope="module")
def ready(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    data = DataOptions(data=news, max_rows=64, max_seq_length=12, cache_dir=tmp_path_factory.mktemp("cache"))
    settings = Settings(data, ModelOptions(str(encoder)), TrainingOptions(seed=3))
    return prepare(settings, pretraining.SPEC, lambda _: None)


def test_a_long_text_becomes_several_framed_blocks(ready: Prepared) -> None:
    train = ready.encoded["train"]
    ids = [train.input_ids[number] for number in range(len(train))]
    assert len(train) > len(train.split) == 64
    assert train.lengths.max() <= 12
    frames = {(int(one[0]), int(one[-1])) for one in ids}
    assert frames == {(ready.tokenizer.cls_token_id, ready.tokenizer.sep_token_id)}


def test_a_mask_depends_on_seed_step_and_row_and_not_on_the_batch(ready: Prepared) -> None:
    train = ready.encoded["train"]
    alone = padded(ready.task.view(train, 5), np.array([7]), 0)
    among = padded(ready.task.view(train, 5), np.array([3, 7, 9]), 0)
    width = alone["input_ids"].shape[1]
    assert all(torch.equal(alone[name][0], among[name][1][:width]) for name in alone)
    later = ready.task.view(train, 6)
    assert any((later.input_ids[n] != ready.task.view(train, 5).input_ids[n]).any() for n in range(20))


def test_the_mask_of_an_evaluation_is_always_the_same(ready: Prepared) -> None:
    rows = ready.encoded["validation"]
    other = pretraining.Pretraining(ready.tokenizer, share=0.5, whole_words=False, seed=99)
    for number in range(len(rows)):
        one, two = (task.view(rows).input_ids[number] for task in (ready.task, other))
        assert (one == two).all()


def test_the_head_gives_what_plain_logits_give(ready: Prepared) -> None:
    from transformers import AutoModelForMaskedLM  # noqa: PLC0415

    batch = padded(ready.task.view(ready.encoded["validation"]), np.arange(8), 0)
    plain = AutoModelForMaskedLM.from_pretrained(ready.encoder).eval()
    sparse = ready.task.build(ready.encoder, "auto")
    sparse.train(mode=False)
    with torch.inference_mode():
        found = sparse(**batch).logits
        wanted = batch.pop("wanted")
        logits = plain(**batch).logits
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    asked = wanted != NOT_WANTED
    assert torch.allclose(found[..., LOSS][asked], losses[asked], atol=1e-5)
    assert found[~asked].isnan().all()


def test_the_loss_of_a_text_is_the_mean_over_the_tokens_that_are_asked_for(ready: Prepared) -> None:
    no = torch.nan
    logits = torch.tensor([[1, no, 3], [no, 5, no], [no, no, no]])[..., None]
    targets = ready.task.targets(ready.encoded["train"], np.arange(3))
    assert ready.task.loss(logits, targets).item() == 2 + 5


@pytest.mark.parametrize("size", [1, 5])
def test_the_loss_of_a_step_does_not_depend_on_how_its_texts_are_cut(ready: Prepared, size: int) -> None:
    task, train, index = ready.task, ready.encoded["train"], np.arange(12)
    model = task.build(ready.encoder, "auto").train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0

    def loss(part: np.ndarray) -> float:
        batch = padded(task.view(train, 4), part, 0)
        return float(task.loss(model(**batch).logits, task.targets(train, part)).detach())

    parts = [index[at : at + size] for at in range(0, 12, size)]
    assert sum(map(loss, parts)) == pytest.approx(loss(index), rel=1e-5)
    assert loss(index) / 12 == pytest.approx(np.log(len(ready.tokenizer)), rel=0.1)


ARGUMENTS = ("--max-rows", "200", "--batch-size", "16", "--lr", "2e-3", "--gpu-id", "-1", "--deterministic")


def pretrain(news: Path, encoder: Path, out: Path, *more: str) -> int:
    given_ = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out)]
    return main(["pretrain", *given_, *ARGUMENTS, "--metric-for-best-model", "perplexity", *more])


@pytest.fixture(scope="module")
def run(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pretrain") / "run"
    assert pretrain(news, encoder, out, "--epochs", "5") == 0
    return out


def test_it_learns_and_keeps_the_weights_of_the_lowest_perplexity(run: Path, encoder: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    vocabulary = len(load_tokenizer(str(encoder)))
    assert metrics["validation"]["loss"] < 0.96 * np.log(vocabulary)
    assert metrics["validation"]["perplexity"] == pytest.approx(np.exp(metrics["validation"]["loss"]))
    assert metrics["training"]["best_step"] == metrics["training"]["steps"]


def test_a_resumed_run_ends_with_the_same_weights(
    run: Path, news: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Stepper.step

    def until(self: Stepper, number: int, index: np.ndarray) -> None:
        if number == 40:
            raise KeyboardInterrupt
        step(self, number, index)

    monkeypatch.setattr(Stepper, "step", until)
    assert pretrain(news, encoder, tmp_path / "run", "--epochs", "5") == 1
    monkeypatch.setattr(Stepper, "step", step)
    assert pretrain(news, encoder, tmp_path / "run", "--epochs", "5") == 0
    one, two = (load_file(path / "model" / "model.safetensors") for path in (run, tmp_path / "run"))
    assert all(one[name].equal(two[name]) for name in one)


def test_the_model_loads_with_plain_transformers_its_head_tied(run: Path) -> None:
    from transformers import AutoModelForMaskedLM  # noqa: PLC0415

    model, found = AutoModelForMaskedLM.from_pretrained(run / "model", output_loading_info=True)
    assert not any(found.values())
    assert model.config.architectures == ["BertForMaskedLM"]
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_other_tasks_start_from_the_run(run: Path, news: Path, tmp_path: Path) -> None:
    given_ = ["--data", str(news), "--encoder", str(run), "--output-dir", str(tmp_path / "run")]
    assert main(["classify", *given_, *ARGUMENTS, "--max-steps", "1", "--lr", "1e-9"]) == 0
    name = "bert.encoder.layer.1.output.dense.weight"
    one, two = (load_file(path / "model" / "model.safetensors")[name] for path in (run, tmp_path / "run"))
    assert torch.allclose(one, two, atol=1e-6)
    assert find_encoder(str(run)) == str(run / "model")


def test_evaluate_agrees_with_the_run(run: Path, news: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run), str(news / "test.txt"), "--gpu-id", "-1"]) == 0
    found = json.loads((run / "metrics.json").read_text())["test"]
    assert json.loads(capsys.readouterr().out) == pytest.approx(found, abs=1e-5)


def test_prediction_fills_every_mask_of_a_text_however_long(run: Path) -> None:
    text = "国足[MASK]时赛险胜对手" * 20
    answer, none = Predictor(run, gpu_id=-1).answers([text, "没有"])
    assert len(answer["masks"]) == 20
    assert answer["text"] == "".join(f"国足{one['label']}时赛险胜对手" for one in answer["masks"])
    assert all(len(one["probabilities"]) == 5 for one in answer["masks"])
    assert none == {"text": "没有", "masks": []}


def test_the_report_names_the_hard_tokens(run: Path) -> None:
    text = (run / "report.md").read_text()
    for part in ("perplexity", "## Frequent tokens", "▢", "pictures/curves.png"):
        assert part in text
    assert "pipeline_tag: fill-mask" in (run / "model" / "README.md").read_text()


@pytest.mark.parametrize(
    ("name", "contents", "texts"),
    [
        ("a.txt", "one, two\n\nthree\n", ["one, two", "three"]),
        ("a.txt", "first\t1\nsecond\t0\n", ["first", "second"]),
        ("a", '{"text": "one"}\n{"text": "two", "label": 3}\n', ["one", "two"]),
        ("a.csv", 'label,text\n,"one, two"\n3,three\n', ["one, two", "three"]),
        ("a.txt", "a\tstray tab\nnone here\n", ["a\tstray tab", "none here"]),
    ],
)
def test_texts_are_read_with_and_without_labels(
    write: Write, name: str, contents: str, texts: list[str]
) -> None:
    path = write(name, contents)
    source = PLAIN.open(path, DataOptions(data=path))
    assert [(row.text, row.label) for row in source.rows()] == [(text, "") for text in texts]
    assert "label" not in source.said


def test_a_folder_of_files_is_read(write: Write) -> None:
    write("corpus/a.txt", "one\nthree\n")
    folder = write("corpus/b.txt", "four\n").parent
    source = PLAIN.open(folder, DataOptions(data=folder))
    assert [row.text for row in source.rows()] == ["one", "three", "four"]


@pytest.mark.parametrize(
    "case",
    [
        ("", [], "found an empty file"),
        (b"\x00\x01\x02" * 99, [], "binary data"),
        ("one\ntwo\n", ["--mlm-probability", "1.5"], "--mlm-probability is 1.5, accepted: 0 to 1"),
        ('{"text": "one"}\n{"text": ""}\n', [], "a.txt:2: found no text"),
    ],
)
def test_wrong_input_is_explained(
    write: Write,
    encoder: Path,
    capsys: pytest.CaptureFixture[str],
    case: tuple[str | bytes, list[str], str],
) -> None:
    contents, more, message = case
    path = write("a.txt", contents)
    assert main(["pretrain", "--data", str(path), "--encoder", str(encoder), *more]) == 2
    assert message in capsys.readouterr().err


def test_a_tokenizer_without_a_mask_is_refused(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = load_tokenizer(str(encoder))
    tokenizer.mask_token = None
    monkeypatch.setattr(pretraining, "load_tokenizer", lambda _: tokenizer)
    with pytest.raises(EncoderError, match="no mask token"):
        pretraining.masking_tokenizer(str(encoder))
