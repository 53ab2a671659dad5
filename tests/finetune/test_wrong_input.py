"""Everything that can be wrong with data, from the command line: file, line, found, expected, exit code 2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from finetune.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

GOOD = "".join(f"好新闻{n}\t{n % 2}\n" for n in range(20))
TAGGED = "京 B-LOC\n城 I-LOC\n\n好 O\n\n" * 9
CLASSES = "坏\n好\n"

WRONG: dict[str, tuple[dict[str, str | bytes], str]] = {
    "no such column": (
        {"train.csv": "title,label\na,1\nb,0\n"},
        r"--text-column text: .*train.csv has no such column; accepted: title, label",
    ),
    "one column only": (
        {"train.txt": "好\n坏\n"},
        r"train.txt:1: found 1 column: '好'; expected a text and a",
    ),
    "an unknown label in test": (
        {"train.txt": GOOD, "test.txt": "好\t0\n坏\t7\n"},
        r"test.txt:2: found the label '7'; expected a label that occurs in the training rows: '0, 1'",
    ),
    "one class only": (
        {"train.txt": "好\t1\n坏\t1\n"},
        r"train.txt: found one class only: '1'; expected 2 c",
    ),
    "a broken line": (
        {"train.txt": GOOD + "没有\n"},
        r"train.txt:21: found 1: .*; expected 2 columns with a tab",
    ),
    "several broken lines": (
        {"train.txt": GOOD + "没有\n" * 3},
        r"train.txt:21: .*\(2 more such rows: finetune",
    ),
    "broken JSON": (
        {"train.jsonl": '{"text": "好", "label": 1}\n{"text": \n'},
        r"train.jsonl:2: found .*; expected one JSON object a line",
    ),
    "half a character": (
        {"train.jsonl": '{"text": "\\ud83d", "label": 1}\n'},
        r"train.jsonl:1: found .*JSON",
    ),
    "an open quote": (
        {"train.csv": 'text,label\n"a,1\nb,0\n'},
        r"train.csv:2: found broken CSV .*quotes in p",
    ),
    "an empty text": ({"train.txt": GOOD + "\t1\n"}, r"train.txt:21: found no text in column '1'"),
    "an empty label": ({"train.txt": GOOD + "好\t\n"}, r"train.txt:21: found no label in column '2'"),
    "a binary file": (
        {"train.txt": b"\x89PNG\r\n\0\0\0"},
        r"train.txt:1: found binary data .*; expected text in",
    ),
    "an empty file": ({"train.txt": b""}, r"train.txt: found an empty file; expected a text and its label"),
    "no Parquet": ({"train.parquet": b"PAR1 no"}, r"train.parquet: found .*; expected a Parquet file"),
    "an index out of the class file": (
        {"train.txt": GOOD + "好\t2\n", "class.txt": CLASSES},
        r"train.txt:21: found the label '2'; expected a class number from 0 to 1 or one of the class names",
    ),
}
WRONG_TAGS: dict[str, tuple[dict[str, str | bytes], str]] = {
    "a word without a tag": (
        {"train.txt": TAGGED + "京\n"},
        r"train.txt:46: found 1 column: .*expected a word",
    ),
    "no tag": ({"train.txt": TAGGED + "京 LOC\n"}, r"train.txt:46: found the tag 'LOC'"),
    "a wrong tag count": (
        {"train.jsonl": '{"tokens": ["a"], "tags": ["B-X"]}\n{"tokens": ["a", "b"], "tags": ["O"]}\n'},
        r"train.jsonl:2: found 2 words and 1 tags; expected as many",
    ),
    "nothing but O": ({"train.txt": "京 O\n城 O\n"}, r"train.txt:1: found no tag but O"),
    "an unknown type in test": (
        {"train.txt": TAGGED, "test.txt": "人 B-PER\n"},
        r"test.txt:1: found the type 'PER' at word 1 of the sentence; expected a type that occurs in",
    ),
    "a binary file": ({"train.txt": b"\0\1\2"}, r"train.txt:1: found binary data"),
}


def command(write: Write, encoder: Path, verb: str, files: dict[str, str | bytes], *more: str) -> list[str]:
    folder = {write(f"data/{name}", contents).parent for name, contents in files.items()}.pop()
    given = ["--data", str(folder), "--encoder", str(encoder), "--output-dir", str(folder.parent / "run")]
    return [verb, *given, "--cache-dir", str(folder.parent / "cache"), "--gpu-id", "-1", *more]


def refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert re.search(message, said), said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", WRONG)
def test_wrong_texts(name: str, write: Write, encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, message = WRONG[name]
    more = ["--text-column", "text"] if name == "no such column" else []
    refused(command(write, encoder, "classify", files, *more), message, capsys)


@pytest.mark.parametrize("name", WRONG_TAGS)
def test_wrong_tags(name: str, write: Write, encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, message = WRONG_TAGS[name]
    refused(command(write, encoder, "tag", files), message, capsys)


def test_skipped_rows_are_counted_and_listed(
    write: Write, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files: dict[str, str | bytes] = {
        "train.txt": GOOD + "没有\n",
        "test.txt": "好\t0\n坏\t7\n",
        "dev.txt": "好\t0\n",
    }
    more = ["--skip-bad-rows", "--max-steps", "1", "--drop-shared-texts"]
    assert main(command(write, encoder, "classify", files, *more)) == 0
    said = capsys.readouterr().err
    assert re.search(r"skipped    .*train.txt:21: found 1", said)
    assert re.search(r"skipped    .*test.txt:2: found the label '7'", said)
    assert "warning: 1 text stands in validation and test both" in said


@pytest.mark.parametrize("name", ["dev.txt", "test.txt"])
def test_a_file_whose_rows_are_all_skipped_is_refused_before_training(
    name: str, write: Write, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files: dict[str, str | bytes] = {"train.txt": GOOD, name: "好\t7\n坏\t8\n"}
    wrong = rf"{name}:1: found the label '7'; .*none of its 2 rows can be used"
    refused(command(write, encoder, "classify", files, "--skip-bad-rows", "--max-steps", "1"), wrong, capsys)


@pytest.mark.parametrize("option", ["--output-dir", "--cache-dir"])
def test_a_place_that_cannot_be_written_to(
    option: str, write: Write, news: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write("file", "")
    given = ["--data", str(news), "--encoder", "light", "--output-dir", str(tmp_path / "run")]
    wrong = f"{option} {file}: (not a directory|file exists); accepted: a folder that you may write to"
    refused(["classify", *given, "--gpu-id", "-1", option, str(file)], wrong, capsys)


def test_neither_a_file_nor_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    refused(["classify", "--data", "/dev/null"], "/dev/null: found neither a file nor a folder", capsys)
