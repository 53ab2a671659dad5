"""Predicting as a user does: pipes, files, offsets; and what happens when something is in the way."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from finetune import predict
from finetune.answers.classes import OneLabel
from finetune.cli import main
from finetune.commands.predict import doubted
from finetune.data.labels import LabelSet
from finetune.predict import Predictor
from finetune.training.device import Device, choose_device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def model(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "news"
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(out), "--gpu-id", "-1"]
    assert main(["classify", *given, "--max-rows", "64", "--max-steps", "1"]) == 0
    return out


@pytest.fixture(scope="module")
def tagger(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tagger")
    ends = "赢输来去看说新高快热"
    sentences = [f"国\tB-LOC\n足\tI-LOC\n{a}\tO\n{b}\tO\n" for a in ends for b in ends]
    (folder / "train.txt").write_text("\n".join(sentences), encoding="utf-8")
    given = ["--data", str(folder / "train.txt"), "--encoder", str(encoder), "--gpu-id", "-1", "--lr", "1e-2"]
    assert main(["tag", *given, "--output-dir", str(folder / "run"), "--epochs", "4"]) == 0
    return folder / "run"


class Pipe:
    """Standard input with these bytes in it."""

    def __init__(self, contents: bytes) -> None:
        self.buffer = io.BytesIO(contents)

    def isatty(self) -> bool:
        return False


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_answer_has_label_confidence_and_probabilities(model: Path) -> None:
    answer = Predictor(model, -1)("央行宣布下调利率")
    assert set(answer) == {"label", "confidence", "probabilities"}
    assert answer["confidence"] == max(answer["probabilities"].values())
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_answers_stand_beside_the_lines_of_a_pipe(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe("\ufeff央行\n\n \r\n国足赢了\r\n".encode()))
    assert main(["predict", str(model), "--gpu-id", "-1", "--skip-bad-rows"]) == 0
    said = capsys.readouterr()
    assert ["error" in one for one in answers(said.out)] == [False, True, True, False]
    assert "2 rows have no answer" in said.err


def test_a_pipe_that_is_not_utf8_is_refused_with_its_line(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe("央行\n".encode() + "国足\n".encode("gbk")))
    assert main(["predict", str(model), "--gpu-id", "-1"]) == 2
    assert "standard input:2: found byte 0xb9" in capsys.readouterr().err


def test_offsets_count_characters_of_the_line_as_it_came(
    tagger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe("  国足赢\n".encode()))
    assert main(["predict", str(tagger), "--gpu-id", "-1"]) == 0
    (answer,) = answers(capsys.readouterr().out)
    assert answer["text"] == "  国足赢"
    (entity,) = answer["entities"]
    assert (entity["text"], entity["label"], entity["start"], entity["end"]) == ("国足", "LOC", 2, 4)


def test_a_file_is_answered_in_order_and_written_whole(model: Path, tmp_path: Path) -> None:
    texts = ["国足赢了" * (1 + n % 7) for n in range(40)]
    (tmp_path / "in.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    given = [
        "--file",
        str(tmp_path / "in.txt"),
        "--output",
        str(out),
        "--gpu-id",
        "-1",
        "--precision",
        "fp32",
    ]
    assert main(["predict", str(model), *given]) == 0
    one_by_one = [Predictor(model, -1, "fp32")(text)["confidence"] for text in texts[:8]]
    found = [one["confidence"] for one in answers(out.read_text(encoding="utf-8"))]
    assert len(found) == 40
    assert found[:8] == pytest.approx(one_by_one, abs=1e-4)


def test_a_file_of_any_size_is_read_as_it_is_answered(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "ROWS_AT_ONCE", 8)
    read = []

    def texts() -> Iterator[str]:
        for number in range(20):
            read.append(number)
            yield f"第{number}条"

    found = Predictor(model, -1).answers(texts())
    assert not read
    for number in range(1, 21):
        next(found)
        assert len(read) == min(20, -(-number // 8) * 8)


def test_a_tagger_takes_the_sentences_of_a_tagged_file(
    tagger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test.txt"
    file.write_text("国 B-LOC\n足 I-LOC\n赢 O\n\n国 O\n队 O\n", encoding="utf-8")
    assert main(["predict", str(tagger), "--file", str(file), "--gpu-id", "-1"]) == 0
    said = capsys.readouterr()
    assert [one["text"] for one in answers(said.out)] == ["国足赢", "国队"]
    assert answers(said.out)[0]["entities"][0]["text"] == "国足"
    assert "the words of each sentence are put together" in said.err


def test_a_tagger_takes_lines_of_text_as_they_are(tagger: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "lines.txt", tmp_path / "answers.jsonl"
    file.write_text("国足 赢\n有人 说 B-2 好\n", encoding="utf-8")
    assert main(["predict", str(tagger), "--file", str(file), "--gpu-id", "-1", "--output", str(out)]) == 0
    assert [one["text"] for one in answers(out.read_text())] == ["国足 赢", "有人 说 B-2 好"]


def test_lines_of_text_are_not_cut_at_commas(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["国足赢了, 球迷很高兴", "股市走低, 大盘下跌", "教练, 球员"]
    (tmp_path / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    seen: list[str] = []

    def answered(_: Predictor, texts: Iterator[str]) -> Iterator[dict[str, Any]]:
        seen.extend(texts)
        return iter([{}] * len(seen))

    monkeypatch.setattr(Predictor, "answers", answered)
    assert main(["predict", str(model), "--file", str(tmp_path / "lines.txt"), "--gpu-id", "-1"]) == 0
    assert seen == lines
    assert "lines.txt: a text a line, utf-8" in capsys.readouterr().err


def test_a_column_that_the_user_names_makes_it_a_table(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "titles.txt"
    file.write_text("n,title\n1,国足赢了\n2,股市走低\n", encoding="utf-8")
    assert main(["predict", str(model), "--file", str(file), "--text-column", "title", "--gpu-id", "-1"]) == 0
    said = capsys.readouterr()
    assert len(answers(said.out)) == 2
    assert "text in column 'title'" in said.err


def test_a_row_without_a_label_has_an_answer(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("text,label\n国足赢了,\n股市走低,1\n", encoding="utf-8")
    assert main(["predict", str(model), "--file", str(tmp_path / "a.csv"), "--gpu-id", "-1"]) == 0
    assert len(answers(capsys.readouterr().out)) == 2


@pytest.mark.parametrize("verb", [["predict", "MODEL", "国足"], ["evaluate", "MODEL", "NEWS"]])
def test_the_number_format_is_the_users_choice(
    verb: list[str], model: Path, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[str] = []

    def choose(gpu_id: int | None, precision: str) -> Device:
        chosen.append(precision)
        return choose_device(gpu_id, precision)

    monkeypatch.setattr("finetune.predict.choose_device", choose)
    places = {"MODEL": str(model), "NEWS": str(news / "test.txt")}
    for more in (["--precision", "fp32"], []):
        assert main([*(places.get(one, one) for one in verb), "--gpu-id", "-1", *more]) == 0
    assert chosen == ["fp32", "auto"]


def test_a_file_with_a_bad_row_leaves_no_half_answer(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,n\n国足,1\n,2\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    out.write_text("earlier\n")
    given = ["--file", str(tmp_path / "in.csv"), "--output", str(out), "--gpu-id", "-1"]
    assert main(["predict", str(model), *given]) == 2
    assert out.read_text() == "earlier\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.csv", "out.jsonl"]


def test_an_output_that_cannot_be_written_is_the_users_mistake(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    given = ["国足", "--output", str(tmp_path / "file" / "out.jsonl"), "--gpu-id", "-1"]
    assert main(["predict", str(model), *given]) == 2
    assert "accepted: a folder that you may write to" in capsys.readouterr().err


def test_texts_and_a_file_together_are_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(model), "国足", "--file", "x.txt"]) == 2
    assert "accepted: one or the other" in capsys.readouterr().err


def test_a_reader_that_leaves_early_ends_it_quietly(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("国足赢了\n" * 3000, encoding="utf-8")
    command = [sys.executable, "-m", "finetune", "predict", str(model), "--file", str(tmp_path / "in.txt")]
    with subprocess.Popen(
        [*command, "--gpu-id", "-1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "label" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == f"{tmp_path / 'in.txt'}: a text a line, utf-8\n"
    assert process.returncode == 0


def test_a_measurement_does_not_take_the_place_of_a_run(
    model: Path, news: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (model / "metrics.json").read_text()
    given = ["evaluate", str(model), str(news / "test.txt"), "--gpu-id", "-1", "--output-dir", str(model)]
    assert main(given) == 2
    assert f"--output-dir {model}: a run or a model lies there" in capsys.readouterr().err
    assert (model / "metrics.json").read_text() == before


@pytest.mark.parametrize("output", ["folder", "."])
def test_an_output_that_is_a_folder_is_refused_before_the_model_is_loaded(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert main(["predict", "no-such-model", "国足", "--output", output]) == 2
    assert f"error: {output}: found a folder; accepted: a file, such as" in capsys.readouterr().err


def test_a_text_that_is_no_utf8_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "model", "国足", "\udcd6\udcd0"]) == 2
    assert "text 2: found '\\udcd6\\udcd0', which is no UTF-8" in capsys.readouterr().err


def test_a_column_without_a_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "model", "国足", "--text-column", "title"]) == 2
    assert "--text-column title: give --file FILE too" in capsys.readouterr().err


def test_a_tagger_of_words_warns_once_of_texts_without_spaces() -> None:
    said: list[str] = []
    groups = [["I live in Peking", "我 住 在 北京", "我在北京工作生活"], ["我在上海工作生活"]]
    assert list(doubted(groups, said.append)) == groups
    assert len(said) == 1
    assert "'我在北京工作生活' is one word to it; put spaces between the words" in said[0]


def test_the_words_of_a_tagged_file_stay_as_they_are(
    tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test.txt").write_text("U.S B-LOC\nx-y O\n.. O\n\nab O\n", encoding="utf-8")
    seen: list[list[str]] = []

    def answered(self: Predictor, texts: Iterator[Any]) -> Iterator[dict[str, Any]]:
        seen.extend(self.task.texts(list(texts)))
        return iter([{}] * len(seen))

    monkeypatch.setattr(Predictor, "answers", answered)
    assert main(["predict", str(tagger), "--file", str(tmp_path / "test.txt"), "--gpu-id", "-1"]) == 0
    assert seen == [["U.S", "x-y", ".."], ["ab"]]


def test_the_wrong_call_names_the_right_one(model: Path) -> None:
    predictor: Any = Predictor(model, -1)
    with pytest.raises(TypeError, match=r"found one text.*answers\(\[text\]\), or predictor\(text\)"):
        list(predictor.answers("央行宣布"))
    with pytest.raises(TypeError, match=r"found \['央行', '国足'\].*answers\(\.\.\.\) for several"):
        predictor(["央行", "国足"])
    with pytest.raises(TypeError, match="text 2 is nan; expected a str"):
        list(predictor.answers(["央行", float("nan")]))


def test_a_classifier_reads_a_text_as_training_does_without_the_white_space_at_its_ends() -> None:
    assert OneLabel(LabelSet(("a", "b"))).texts(["　 a b\n"]) == ["a b"]
