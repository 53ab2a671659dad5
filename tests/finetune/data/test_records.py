"""Reading rows out of files, and refusing what holds them otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.lines import open_text
from finetune.data.records import find_format
from finetune.data.rows import Row, open_source
from finetune.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


def rows(path: Path) -> list[Row]:
    return list(open_source(path, None, None).rows())


@pytest.mark.parametrize(("name", "between"), [("a.csv", ","), ("a.tsv", "\t")])
def test_the_header_of_a_file_put_behind_is_no_row(write: Write, name: str, between: str) -> None:
    lines = ["text,label", "a,1", "text,label", "b,0"]
    path = write(name, "\n".join(lines).replace(",", between))
    assert [(row.line, row.text, row.label) for row in rows(path)] == [(2, "a", "1"), (4, "b", "0")]


@pytest.mark.parametrize(
    "contents",
    [
        '{"text":{"0":"a","1":"b"},"label":{"0":1,"1":0}}',
        '{"version": 1, "data": [{"text": "a", "label": 1}, {"text": "b", "label": 0}]}',
        '{\n "text": "a",\n "label": 1\n}\n',
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.txt"])
def test_one_object_for_all_rows_is_refused(write: Write, name: str, contents: str) -> None:
    expected = r":1: found one JSON object for all rows; expected one object a line, or an array of them"
    with pytest.raises(DataError, match=expected):
        rows(write(name, contents))


@pytest.mark.parametrize(
    "contents", ['{"a": {"text": "x"}, "label": "y"}', '{"text": "x", "tags": [{"a": 1}]}']
)
def test_one_row_is_no_object_of_all_rows(write: Write, contents: str) -> None:
    assert len(rows(write("a.jsonl", contents))) == 1


def test_a_place_in_an_array_is_its_entry(write: Write) -> None:
    path = write(
        "a.json", '[\n {\n  "text": "a",\n  "label": 1\n },\n {\n  "text": "",\n  "label": 1\n }\n]\n'
    )
    assert str(rows(path)[1].problem).startswith(f"{path}: found in entry 2: no text in column 'text'")


@pytest.mark.parametrize("quotes", ['"text"\t"label"', '"text"\tlabel'])
def test_a_column_of_quoted_cells_loses_its_quotes(write: Write, quotes: str) -> None:
    label = '"pos"' if quotes.endswith('"') else "pos"
    path = write("a.tsv", f'{quotes}\n"a fine film"\t{label}\n"a bad one"\t{label}\n')
    assert [(row.text, row.label) for row in rows(path)] == [("a fine film", "pos"), ("a bad one", "pos")]


def test_titles_in_quotes_keep_them_where_the_header_has_none(write: Write) -> None:
    path = write("a.tsv", 'text\tlabel\n"a fine film"\tpos\n"a bad one"\tneg\n')
    assert rows(path)[0].text == '"a fine film"'


@pytest.mark.parametrize("line", ["{ O", "{\tO", "{x} is set O"])
def test_a_word_that_begins_with_a_brace_is_no_json(write: Write, line: str) -> None:
    assert find_format(open_text(write("a.txt", f"{line}\n"))) != "jsonl"


@pytest.mark.parametrize("line", ['{"text": "a", "lab', "{'text': 'a'}", "{text: 'a'},", "{}", "{"])
def test_json_is_known_even_where_it_is_broken(write: Write, line: str) -> None:
    assert find_format(open_text(write("a.txt", f"{line}\n"))) == "jsonl"
