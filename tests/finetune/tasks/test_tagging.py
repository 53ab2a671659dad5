"""Entities, end to end: files in several schemes, long sentences, offsets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from finetune.answers.entities import ScoredEntities
from finetune.cli import main
from finetune.crf import Crf
from finetune.data.conll import TAGGED, open_tagged
from finetune.data.corpus import read_corpus
from finetune.data.labels import LabelSet
from finetune.data.pieces import frame_of
from finetune.data.tokens import encode_split
from finetune.data.windowed import encode_sentence, pieces_of_words
from finetune.data.words import inner_signs
from finetune.options import DataOptions
from finetune.predict import Predictor
from finetune.pretrained import load_tokenizer
from finetune.runtime import load
from finetune.tasks.tagging import Tagging, from_saved
from tests.finetune.bytes_encoder import write_bytes_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[str, str | bytes], Path]

PEOPLE, PLACES = ("导演", "歌手", "中锋", "考生"), ("银行板块", "云计算平台", "高考", "主队")
FRAMES = (
    "{0}在{1}公布",
    "今日{1}迎来{0}",
    "快讯：{0}推出新专辑",
    "{1}收盘再创新高",
    "{0}、{0}为何止步{1}",
    "网友热议",
)


def sentence(generator: np.random.Generator) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for part in str(generator.choice(FRAMES)).replace("{0}", "|P|").replace("{1}", "|L|").split("|"):
        if part in {"P", "L"}:
            word, kind = (
                str(generator.choice(PEOPLE if part == "P" else PLACES)),
                {"P": "PER", "L": "LOC"}[part],
            )
            out += [(one, f"{'B' if at == 0 else 'I'}-{kind}") for at, one in enumerate(word)]
        else:
            out += [(one, "O") for one in part]
    return out


def conll(rows: list[list[tuple[str, str]]]) -> str:
    return "\n".join("".join(f"{word} {tag}\n" for word, tag in row) for row in rows)


@pytest.fixture(scope="module", params=["crf", "linear"])
def run(request: pytest.FixtureRequest, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    generator = np.random.default_rng(0)
    for name, count in (("train", 500), ("dev", 100), ("test", 100)):
        (folder / f"{name}.txt").write_text(conll([sentence(generator) for _ in range(count)]))
    given = [
        "--data",
        str(folder),
        "--encoder",
        str(encoder),
        "--output-dir",
        str(folder / "run"),
        "--gpu-id",
        "-1",
    ]
    more = [
        "--head",
        request.param,
        "--epochs",
        "8",
        "--lr",
        "2e-3",
        "--batch-size",
        "16",
        "--max-length",
        "16",
    ]
    assert main(["tag", *given, *more]) == 0
    return folder / "run"


def test_it_learns(run: Path) -> None:
    assert json.loads((run / "metrics.json").read_text())["test"]["f1"] > 0.9


def test_prediction_gives_character_offsets(run: Path) -> None:
    text = "今日 高考 迎来导演"
    found = Predictor(run, gpu_id=-1)(text)["entities"]
    assert {(one["text"], one["label"]) for one in found} == {("高考", "LOC"), ("导演", "PER")}
    assert all(text[one["start"] : one["end"]] == one["text"] for one in found)


def test_a_long_text_is_answered_to_its_end(run: Path) -> None:
    text = "网友热议，" * 30 + "快讯：歌手推出新专辑"
    found = Predictor(run, gpu_id=-1)(text)["entities"]
    assert found[-1]["text"] == "歌手"
    assert found[-1]["start"] == text.index("歌手")


def test_texts_without_words_have_no_entities(run: Path) -> None:
    assert [one["entities"] for one in Predictor(run, gpu_id=-1).answers(["", "  "])] == [[], []]


def test_the_model_loads_with_plain_transformers(run: Path) -> None:
    from transformers import AutoModelForTokenClassification  # noqa: PLC0415

    model = AutoModelForTokenClassification.from_pretrained(run / "model")
    assert model.config.id2label == {0: "O", 1: "B-LOC", 2: "I-LOC", 3: "B-PER", 4: "I-PER"}


def test_no_word_is_lost_in_windows(encoder: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    words = ["导演", "\u200b", "歌手亮相", "x" * 50, "主队"] * 9
    pieces = next(pieces_of_words(tokenizer, [words]))
    tags = list(range(len(words)))
    cut = list(encode_sentence(pieces, tags, frame_of(tokenizer), 16))
    assert [one for _, answers in cut for one in answers if one >= 0] == tags
    assert all(len(ids) == len(answers) <= 16 for ids, answers in cut)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("京 B-LOC\n城\n\n", r"a.txt:2: found 1 column: \['城'\]"),
        ("京 B-LOC\n城 Q-LOC\n\n", r"a.txt:2: found the tag 'Q-LOC'"),
        ('{"tokens": ["a", "b"], "tags": ["B-X"]}\n', r"a.txt:1: found 2 words and 1 tags"),
        ('{"tokens": ["a"], "tags": ["X"]}\n', r"a.txt:1: found the tag 'X'"),
        ("京 O\n城 O\n", "found no tag but O"),
    ],
)
def test_broken_files_are_refused(
    write: Write, encoder: Path, capsys: pytest.CaptureFixture[str], contents: str, message: str
) -> None:
    path = write("a.txt", contents)
    assert (
        main(["tag", "--data", str(path), "--encoder", str(encoder), "--cache-dir", str(path.parent / "c")])
        == 2
    )
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(capsys.readouterr().err)


def test_an_entity_type_unknown_to_training_is_refused(
    write: Write, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("d/train.txt", "京 B-LOC\n城 I-LOC\n\n" * 9)
    folder = write("d/test.txt", "京 B-LOC\n城 I-LOC\n\n京 O\n人 B-PER\n").parent
    assert main(["tag", "--data", str(folder), "--encoder", str(encoder)]) == 2
    assert "test.txt:4: found the type 'PER' at word 2 of the sentence" in capsys.readouterr().err


def test_columns_between_word_and_tag_are_passed_over(write: Write) -> None:
    path = write("a.txt", "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n")
    source = open_tagged(path, DataOptions(data=path))
    assert [(row.text, row.label, row.line) for row in source.rows()] == [
        (["EU", "rejects"], ["I-ORG", "O"], 3)
    ]
    assert "IOB1 tags" in source.said


def test_the_linear_loss_is_that_of_the_words() -> None:
    task = Tagging(LabelSet(("PER",)), mean_words=2.0)
    logits, targets = torch.randn(2, 3, 3), torch.tensor([[-100, 1, 2], [0, -100, -100]])
    chosen = logits.log_softmax(-1)[[0, 0, 1], [1, 2, 0], [1, 2, 0]]
    assert task.loss(logits, targets).item() == pytest.approx(-chosen.sum().item() / 2, rel=1e-5)


@pytest.mark.parametrize("crf", [None, Crf(("O", "B-PER", "I-PER"))])
def test_rows_wider_than_the_longest_have_the_same_loss(crf: Crf | None) -> None:
    task = Tagging(LabelSet(("PER",)), mean_words=2.0, crf=crf)
    logits, targets = torch.randn(2, 5, 3), torch.tensor([[-100, 1, 2], [0, -100, -100]])
    torch.testing.assert_close(task.loss(logits, targets), task.loss(logits[:, :3], targets))


@pytest.mark.parametrize("length", [8, 16, 64])
def test_the_loss_is_that_of_a_word_however_long_the_pieces_are(
    write: Write, encoder: Path, length: int
) -> None:
    rows = [[("京", "B-LOC")] * count for count in (2, 3, 5, 9, 30, 40)]
    path = write("train.txt", conll(rows))
    train = read_corpus(DataOptions(data=path, cache_dir=path.parent / "cache"), TAGGED).splits["train"]
    task = Tagging(LabelSet(("LOC",)), length, characters=True)
    encoded = encode_split(train, task.encoding(load_tokenizer(str(encoder))), path.parent / "cache")
    targets = task.targets(encoded, np.arange(len(encoded)))
    loss = task.measured(encoded).loss(torch.zeros(*targets.shape, 3), targets)
    assert loss.item() / len(encoded) == pytest.approx(np.log(3), rel=1e-5)


def test_a_saved_tagger_splits_texts_as_its_training_data_did() -> None:
    labels, line = LabelSet(("LOC",)), "the U.S. won"
    task = Tagging(labels, inner=inner_signs([["the", "U.S.", "lost"]]))
    again, exported = from_saved(labels, task.saved()), ScoredEntities.from_facts(labels, task.facts())
    assert again.texts([line]) == exported.texts([line]) == [["the", "U.S.", "won"]]


def test_a_tagger_saved_before_signs_were_noted_splits_at_each_of_them() -> None:
    facts = {"max_seq_length": 8, "numbered": False, "characters": False, "crf": False}
    assert from_saved(LabelSet(("LOC",)), facts).texts(["x-y"]) == [["x", "-", "y"]]


@pytest.fixture(scope="module")
def words_of_bytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bytes")
    rows = "".join(f"abc O\nxyz{n} O\nin O\nParis B-LOC\n\n" for n in range(40))
    (folder / "train.txt").write_text(rows)
    encoder = write_bytes_encoder(folder / "encoder")
    given = [
        "--data",
        str(folder / "train.txt"),
        "--encoder",
        str(encoder),
        "--output-dir",
        str(folder / "run"),
    ]
    assert main(["tag", *given, "--epochs", "8", "--lr", "1e-2", "--max-length", "16", "--gpu-id", "-1"]) == 0
    return folder / "run"


def test_a_trained_tagger_reads_words_with_their_spaces(words_of_bytes: Path) -> None:
    predictor, plain = Predictor(words_of_bytes, -1), AutoTokenizer.from_pretrained(words_of_bytes / "model")
    ids = predictor.encoding.encode([["abc", "xyz7", "in", "Paris"]], [None]).input_ids[0]
    assert ids == plain("abc xyz7 in Paris")["input_ids"]
    assert plain.convert_ids_to_tokens(ids)[-2] == "ĠParis"
    found = predictor("abc xyz7 in Paris")["entities"]
    assert [(one["text"], one["start"], one["end"]) for one in found] == [("Paris", 12, 17)]


def test_an_exported_tagger_reads_words_with_their_spaces(words_of_bytes: Path) -> None:
    assert main(["export", str(words_of_bytes), "--format", "onnx"]) == 0
    answers = load(words_of_bytes / "exports" / "onnx")(["abc xyz7 in Paris"])
    found, expected = answers[0]["entities"], Predictor(words_of_bytes, -1)("abc xyz7 in Paris")["entities"]
    assert [one["text"] for one in found] == [one["text"] for one in expected] == ["Paris"]


def test_a_tagger_trained_before_reads_words_as_it_did(words_of_bytes: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(words_of_bytes / "model", tmp_path / "old"))
    load_tokenizer(str(words_of_bytes.parent / "encoder")).save_pretrained(old)
    predictor = Predictor(old, -1)
    ids = predictor.encoding.encode([["abc", "Paris"]], [None]).input_ids[0]
    assert "ĠParis" not in predictor.tokenizer.convert_ids_to_tokens(ids)
