"""A line of answer for each line or row: texts as they stand, an error in the place of what is no text."""

from __future__ import annotations

import json
import os
import sys
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from finetune.cli import main
from finetune.commands.predict import piped_texts
from finetune.data.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

INDENTED = "　　江泽民在北京 "


class Parrot:
    """A model that answers with the text."""

    task = SimpleNamespace(shape=PLAIN)

    def __init__(self, *_: object) -> None:
        """Load nothing."""

    def answers(self, texts: Iterable[Any]) -> Iterator[dict[str, Any]]:
        return ({"label": one} for one in texts)


@pytest.fixture(autouse=True)
def _parrot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune.predict.Predictor", Parrot)


@pytest.fixture
def predict(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str], str]]:
    """Give the exit code, the labels or "error" of the lines, and what was said."""

    def run(*given: object) -> tuple[int, list[str], str]:
        code = main(["predict", "model", *map(str, given)])
        said = capsys.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()]
        return code, [one.get("label", "error") for one in lines], said.err

    return run


Predict = Any  # the function above


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("a.txt", f"{INDENTED}\r\n"),
        ("a.csv", f"text,n\n{INDENTED},1\n"),
        ("a.tsv", f"text\tn\n{INDENTED}\t1\n"),
        ("a.jsonl", json.dumps({"text": INDENTED})),
        ("folder/a.txt", f"{INDENTED}\n"),
        ("folder/class/a.txt", INDENTED),
    ],
)
def test_a_text_of_a_file_keeps_the_white_space_at_its_ends(
    name: str, contents: str, write: Write, predict: Predict, tmp_path: Path
) -> None:
    path = write(name, contents)
    file = tmp_path / "folder" if "/" in name else path
    assert predict("--file", file)[:2] == (0, [INDENTED])


BAD = {
    "a.txt": ("好\n\u3000\n坏\n", 2, "a blank line"),
    "a.csv": ("id,text\n1,好\n2, \n3,坏\n", 3, "no text in column 'text'"),
    "blank.csv": ("id,text\n1,好\n,\n3,坏\n", 3, "no text in column 'text'"),
    "above.csv": (",\nid,text\n1,好\n,\n3,坏\n", 4, "no text in column 'text'"),
    "again.csv": ("id,text\n1,好\nid,text\n3,坏\n", 3, "the header again"),
    "quote.csv": ('id,text\n1,好\n2,"a"b\n3,坏\n', 3, "broken CSV"),
    "a.tsv": ("id\ttext\n1\t好\n\t\n3\t坏\n", 3, "no text in column 'text'"),
    "one.csv": ('text\n好\n""\n坏\n', 3, "no text in column 'text'"),
    "a.jsonl": ('{"text": "好"}\n{"text": null}\n{"text": "坏"}\n', 2, "no text in column 'text'"),
    "byte.txt": ("好\n\udcff国\n坏\n", 2, "byte 0xff"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_without_a_text_is_refused_before_anything_is_answered(
    name: str, write: Write, predict: Predict
) -> None:
    contents, line, found = BAD[name]
    code, labels, said = predict("--file", write(name, contents.encode(errors="surrogateescape")))
    assert (code, labels) == (2, [])
    assert f"{name}:{line}: found {found}" in said
    assert "or pass --skip-bad-rows, which writes an error in its place" in said


@pytest.mark.parametrize("name", BAD)
def test_a_row_to_be_skipped_has_an_error_in_its_place(name: str, write: Write, predict: Predict) -> None:
    file = write(name, BAD[name][0].encode(errors="surrogateescape"))
    code, labels, said = predict("--file", file, "--skip-bad-rows")
    assert (code, labels) == (0, ["好", "error", "坏"])
    assert "1 row has no answer: its line says why" in said


def test_blank_lines_of_a_table_are_no_rows(write: Write, predict: Predict) -> None:
    assert predict("--file", write("a.csv", "id,text\n1,好\n\n3,坏\n\n"))[:2] == (0, ["好", "坏"])


def test_blank_lines_of_a_file_of_a_folder_count_too(write: Write, predict: Predict) -> None:
    folder = write("folder/a.txt", "好\n\n坏\n").parent
    assert predict("--file", folder, "--skip-bad-rows")[1] == ["好", "error", "坏"]


def test_a_line_of_a_pipe_without_a_text_has_an_error_in_its_place(
    predict: Predict, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = BytesIO("好\n\n坏".encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer, isatty=lambda: False))
    code, labels, said = predict()
    assert (code, labels) == (0, ["好", "error", "坏"])
    assert "1 row has no answer: its line says why" in said


def test_a_line_of_a_pipe_that_is_not_utf_8_can_be_skipped(
    predict: Predict, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = BytesIO("好\n".encode() + b"\xff\n" + "坏".encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer, isatty=lambda: False))
    assert predict("--skip-bad-rows")[:2] == (0, ["好", "error", "坏"])


def test_a_pipe_is_answered_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = os.pipe()
    with os.fdopen(there, "rb") as buffer, os.fdopen(here, "wb", buffering=0) as end:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer, isatty=lambda: False))
        groups = piped_texts(print)
        end.write("好\n坏\n半".encode())
        assert next(groups) == ["好", "坏"]
        end.write("句\n".encode())
        assert next(groups) == ["半句"]


def test_blank_lines_at_the_end_of_a_file_are_none(write: Write, predict: Predict) -> None:
    assert predict("--file", write("a.txt", "好\n坏\n\n \n"))[:2] == (0, ["好", "坏"])


def test_an_error_says_what_was_found(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    given = ["--file", str(write("a.txt", "好\n\n坏\n")), "--output", str(out), "--skip-bad-rows"]
    assert main(["predict", "model", *given]) == 0
    assert json.loads(out.read_text().splitlines()[1]) == {"error": "found a blank line; expected a text"}


@pytest.mark.parametrize("output", ["data/a.txt", "data/../data/a.txt", "link.txt", "data/new.jsonl"])
def test_answers_never_take_the_place_of_the_texts(
    output: str, write: Write, predict: Predict, tmp_path: Path
) -> None:
    path = write("data/a.txt", "好\n")
    (tmp_path / "link.txt").symlink_to(path)
    file = path.parent if "new" in output else path
    code, _, said = predict("--file", file, "--output", tmp_path / output)
    assert code == 2
    assert "the answers would lie in the place of the texts" in said
    assert path.read_text() == "好\n"


def test_the_folder_of_the_answers_is_made(write: Write, predict: Predict, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder" / "out.jsonl"
    code, _, said = predict("--file", write("a.txt", "好\n"), "--output", out)
    assert code == 0
    assert len(out.read_text().splitlines()) == 1
    assert f"{out}: 1 answer\n" in said
