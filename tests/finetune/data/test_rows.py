"""Finding texts and labels in files of many shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.rows import open_source
from finetune.errors import FinetuneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

WANTED = [("球队赢了比赛", "1"), ("股市今天下跌", "0")]


def pairs(path: Path, text: str | None = None, label: str | None = None) -> list[tuple[str, str | None]]:
    return [(row.text, row.label) for row in open_source(path, text, label).rows()]


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        pytest.param("train.txt", "球队赢了比赛\t1\n股市今天下跌\t0\n", id="text, tab, number"),
        pytest.param(
            "train.txt", "\ufeff球队赢了比赛\t1\r\n\r\n股市今天下跌\t0", id="BOM, CRLF, a blank line, no end"
        ),
        pytest.param("swapped.tsv", "1\t球队赢了比赛\n0\t股市今天下跌\n", id="label first, no header"),
        pytest.param("a.csv", "label,review\n1,球队赢了比赛\n0,股市今天下跌\n", id="CSV with a header"),
        pytest.param("a.csv", 'id,text,label\n1,"球队赢了比赛",1\n2,股市今天下跌,0\n', id="CSV with an id"),
        pytest.param("a.csv", "标签,内容\n1,球队赢了比赛\n0,股市今天下跌\n", id="CSV with Chinese names"),
        pytest.param("a.txt", "球队赢了比赛,1\n股市今天下跌,0\n", id="commas in a .txt"),
        pytest.param("a.tsv", "球队赢了比赛\t1\tx1y2z3\n股市今天下跌\t0\tx1y2z4\n", id="an id behind"),
        pytest.param(
            "a.jsonl",
            '{"text": "球队赢了比赛", "label": 1}\n{"text": "股市今天下跌", "label": 0}\n',
            id="JSON lines",
        ),
        pytest.param(
            "a.txt",
            '{"content": "球队赢了比赛", "label": 1.0}\n{"content": "股市今天下跌", "label": "0"}\n',
            id="JSON in .txt",
        ),
    ],
)
def test_the_same_rows_come_out_of_every_shape(write: Write, name: str, contents: str) -> None:
    assert pairs(write(name, contents)) == WANTED


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(
        pa.table({"text": [one for one, _ in WANTED], "label": [1, 0]}), tmp_path / "a.parquet"
    )
    assert pairs(tmp_path / "a.parquet") == WANTED


def test_a_folder_per_class(write: Write) -> None:
    write("data/neg/1.txt", "bad\nfilm")
    root = write("data/pos/2.txt", "good film").parents[1]
    assert pairs(root) == [("bad\nfilm", "neg"), ("good film", "pos")]


def test_a_file_per_class(write: Write) -> None:
    write("data/neg.csv", '"bad, really"\nworse\n')
    root = write("data/pos.txt", "good\n").parent
    assert pairs(root) == [("bad, really", "neg"), ("worse", "neg"), ("good", "pos")]


def test_a_quote_in_a_tab_separated_title_is_just_a_quote(write: Write) -> None:
    assert pairs(write("train.txt", '"白马"领跌\t1\n他说"好\t0\n')) == [('"白马"领跌', "1"), ('他说"好', "0")]


def test_columns_that_the_user_names_win(write: Write) -> None:
    path = write("a.csv", "text,other,label,mine\nx,球队赢了比赛,9,1\ny,股市今天下跌,9,0\n")
    assert pairs(path, "other", "mine") == WANTED


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("a.txt", "好\t1\n没有标签\n", r"a.txt:2: found 1: \['没有标签'\]; expected 2 columns with a tab"),
        ("a.csv", "text,label\na,1\n\nb,1,2\n", r"a.csv:4: found 3: .*expected 2 columns with a comma"),
        ("a.csv", 'text,label\n"a\nb",1\n"c,1\n', r"a.csv:4: found broken CSV"),
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text": \n', r"a.jsonl:2: found .*one JSON object a line"),
        ("a.jsonl", '{"text": "a", "label": 1}\n[1]\n', r"a.jsonl:2: found '\[1\]"),
        ("a.txt", "好\t1\n\t0\n", r"a.txt:2: found no text in column '1'"),
        ("a.txt", "好\t1\n坏\t\n", r"a.txt:2: found no label in column '2'"),
    ],
)
def test_a_bad_row_is_named_with_its_line(write: Write, name: str, contents: str, message: str) -> None:
    problems = [
        str(row.problem) for row in open_source(write(name, contents), None, None).rows() if row.problem
    ]
    assert len(problems) == 1
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(problems[0])


def test_a_column_that_is_not_there_is_refused(write: Write) -> None:
    with pytest.raises(
        FinetuneError, match=r"--text-column titel: .* no such column; accepted: title, label"
    ):
        pairs(write("a.csv", "title,label\na,1\n"), "titel")
