"""The light baseline: no encoder, a vocabulary from the training texts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from finetune.arguments import Parser
from finetune.cli import main
from finetune.commands.training import add_training_arguments, read_settings
from finetune.data.corpus import load_corpus
from finetune.data.shape import ONE_LABEL
from finetune.light import LightConfig, LightForSequenceClassification
from finetune.options import DataOptions
from finetune.predict import Predictor
from finetune.pretrained import load_tokenizer
from finetune.vocabulary import learn, made_encoder

ROOT = Path(__file__).resolve().parents[2]


def arguments(news: Path, out: Path, *more: str) -> list[str]:
    given = ["--data", str(news), "--encoder", "light", "--output-dir", str(out), "--gpu-id", "-1"]
    return ["classify", *given, "--max-rows", "400", "--epochs", "4", "--lr", "2e-2", *more]


@pytest.fixture(scope="module")
def run(news: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "light"
    assert main(arguments(news, out)) == 0
    return out


@pytest.fixture
def model() -> LightForSequenceClassification:
    torch.manual_seed(0)
    names = dict(enumerate("abc"))
    made = LightForSequenceClassification(LightConfig(vocab_size=50, pair_buckets=32, id2label=names))
    made.train(mode=False)
    return made


def test_it_learns_the_demo_data(run: Path) -> None:
    assert json.loads((run / "metrics.json").read_text())["test"]["accuracy"] > 0.9


def test_plain_transformers_loads_it_and_answers_the_same(run: Path) -> None:
    from transformers import AutoModelForSequenceClassification  # noqa: PLC0415

    plain = AutoModelForSequenceClassification.from_pretrained(run / "model").eval()
    text = "女排伤愈复出"
    read = load_tokenizer(str(run / "model"))(text, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        logits = plain(**read).logits
    answer = Predictor(run, gpu_id=-1, precision="fp32")(text)
    assert answer["label"] == plain.config.id2label[int(logits.argmax())] == "体育"
    assert answer["confidence"] == pytest.approx(float(logits.softmax(-1).max()), abs=1e-6)


def test_with_an_empty_cache_the_same_command_gives_the_same_weights(
    run: Path, news: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    assert main(arguments(news, again, "--cache-dir", str(tmp_path / "empty"))) == 0
    weights = [(one / "model" / "model.safetensors").read_bytes() for one in (run, again)]
    assert weights[0] == weights[1]


def test_a_run_knows_its_encoder_again_where_the_cache_was_lost(
    run: Path, news: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(news, run, "--cache-dir", str(tmp_path / "empty"))) == 0
    assert "this run is finished" in capsys.readouterr().err


def test_the_vocabulary_is_characters_and_words() -> None:
    tokenizer = learn(["今天 Sunshine，今天", "ＳＵＮＳＨＩＮＥ 今天"])
    assert tokenizer.encode("今天sunshine!").tokens == ["今", "天", "sunshine", "[UNK]"]


def test_other_rows_make_another_vocabulary_and_the_same_rows_are_found_again(
    news: Path, tmp_path: Path
) -> None:
    def made(rows: int) -> str:
        train = load_corpus(DataOptions(data=news, max_rows=rows), 1, ONE_LABEL).splits["train"]
        return made_encoder(train, 1, tmp_path)

    assert made(100) == made(100) != made(200)


def test_padding_changes_nothing(model: LightForSequenceClassification) -> None:
    short = torch.tensor([[5, 6, 7]])
    padded = torch.tensor([[5, 6, 7, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    alone = model(short, torch.ones_like(short)).logits
    torch.testing.assert_close(model(padded, mask).logits, alone)


def test_a_text_without_tokens_has_an_answer(model: LightForSequenceClassification) -> None:
    empty = torch.zeros((1, 0), dtype=torch.long)
    assert model(empty, empty).logits.isfinite().all()


def test_a_tagger_cannot_be_light(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"小 B-PER\n明 I-PER\n{what} O\n\n" for what in "走来去看说"]
    (tmp_path / "train.txt").write_text("".join(lines))
    given = ["--data", str(tmp_path / "train.txt"), "--encoder", "light", "--gpu-id", "-1"]
    assert main(["tag", *given, "--output-dir", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --encoder light is a classifier, and the task is tag; give a pretrained")


@pytest.mark.parametrize(("given", "rate"), [([], 3e-3), (["--lr", "1e-2"], 1e-2)], ids=["its own", "named"])
def test_it_learns_at_a_rate_that_suits_it(given: list[str], rate: float) -> None:
    parser = Parser()
    add_training_arguments(parser, "classify")
    settings = read_settings(parser.parse_args(["--data", "texts", "--encoder", "light", *given]))
    assert settings.training.learning_rate == rate


def test_the_lines_of_its_card_load_it_in_a_process_of_its_own(run: Path) -> None:
    card = (run / "model" / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[-1]
    code = lines.replace("path/to/this/folder", str(run / "model")) + "print(type(model).__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "LightForSequenceClassification\n", done.stderr
