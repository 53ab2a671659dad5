"""Choosing columns, and saying what else might have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.rows import open_source
from finetune.errors import ColumnError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.data.columns import Columns

    Write = Callable[[str, str | bytes], Path]


def columns(path: Path, text: str | None = None, label: str | None = None) -> Columns:
    found = open_source(path, text, label).columns
    assert found is not None
    return found


def test_blanks_are_no_value_of_a_label(write: Write) -> None:
    tail = ["", "", "and more"]
    rows = "".join(f"this is message {n},{['ham', 'spam', 'news'][n % 3]},{tail[n % 3]}\n" for n in range(20))
    assert columns(write("a.csv", rows)).label == "2"


def test_a_column_that_might_be_the_label_too_is_named(write: Write) -> None:
    rows = "".join(f"this is tweet {n},{'abc'[n % 3]},{'mf'[n % 2]}\n" for n in range(20))
    path = write("a.csv", f"tweet,polarity,gender\n{rows}")
    (doubt,) = columns(path).doubts
    assert doubt.startswith("warning: column 'gender' is taken for the label; 'polarity' would do too")
    assert not columns(path, None, "polarity").doubts


def test_columns_of_0_and_1_name_the_option_that_reads_all(write: Write) -> None:
    rows = "".join(f"this is comment {n},{n % 2},{int(n % 3 == 0)}\n" for n in range(20))
    (doubt,) = columns(write("a.csv", f"comment_text,toxic,obscene\n{rows}")).doubts
    assert "'obscene' would do too; --multi-label reads each of these columns" in doubt


def test_a_second_text_is_named(write: Write) -> None:
    rows = "".join(f"the first text {n},the other text {n},{n % 2}\n" for n in range(20))
    path = write("a.csv", f"sentence1,sentence2,label\n{rows}")
    (doubt,) = columns(path).doubts
    assert "looks like a text too, and only 'sentence1' is read: no pairs of sentences" in doubt
    assert not columns(path, "sentence1").doubts


def test_an_id_is_no_second_text(write: Write) -> None:
    rows = "".join(f"0a{n:030},the text {n},{n % 2},2024-01-01 10:00:{n}\n" for n in range(20))
    assert not columns(write("a.csv", f"id,text,label,time\n{rows}")).doubts


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        ("好\n坏\n", "found 1 column: '好'; .*add the label's column"),
        ("__label__pos fine\n__label__neg bad\n", "found 1 column: '__label__pos fine'; .*sed -E"),
        ("<!DOCTYPE html>\n<html>\n</html>\n", "found 1 column: '<!DOCTYPE html>'; .*this is a web page"),
    ],
)
def test_one_column_is_shown(write: Write, contents: str, found: str) -> None:
    with pytest.raises(DataError, match=found):
        open_source(write("a.txt", contents), None, None)


def test_a_list_is_not_taken_for_the_text(write: Write) -> None:
    rows = "".join(
        f'{{"said": "so {n}", "words": ["so", "{n}", "more"], "mark": {n % 2}}}\n' for n in range(9)
    )
    assert columns(write("a.jsonl", rows)).text == "said"


def test_a_name_may_differ_in_capitals(write: Write) -> None:
    path = write("a.csv", "Text,Mark\na,1\nb,0\n")
    assert (columns(path, "text", "mark").text, columns(path, "text", "mark").label) == ("Text", "Mark")


ROWS = "".join(f"{'ab'[n % 2]},the text {n},{'xyz'[n % 3]},\n" for n in range(9))


@pytest.mark.parametrize("names", ["label,text,label,", "text,label,text,", "label,text,ｌａｂｅｌ,"])
@pytest.mark.parametrize("named", [True, False])
def test_a_chosen_column_that_stands_twice_is_refused(write: Write, names: str, *, named: bool) -> None:
    given = ("text", "label") if named else (None, None)
    with pytest.raises(DataError, match=r"a.csv:1: found the column '(text|label)' twice; .*rename"):
        columns(write("a.csv", f"{names}\n{ROWS}"), *given)


def test_two_columns_of_one_name_that_are_not_read_do_no_harm(write: Write) -> None:
    found = columns(write("a.csv", f"label,text,,\n{ROWS}"))
    assert (found.text, found.label, found.doubts) == ("text", "label", ())


@pytest.mark.parametrize("names", ["label,text,Label", "Label,text,label"])
def test_the_exact_name_is_taken_and_its_twin_named(write: Write, names: str) -> None:
    found = columns(write("a.csv", f"{names},\n{ROWS}"))
    assert found.label == "label"
    assert "column 'label' is taken for the label; 'Label' would do too" in found.doubts[0]


def test_a_blank_twin_is_not_named(write: Write) -> None:
    assert not columns(write("a.csv", f"label,text,,LABEL\n{ROWS}")).doubts


def test_a_twin_of_the_text_is_named(write: Write) -> None:
    (doubt,) = columns(write("a.csv", f"label,text,Text,\n{ROWS}")).doubts
    assert "column 'text' is taken for the text; 'Text' would do too; --text-column names" in doubt


@pytest.mark.parametrize("first", ["label\tlabel\t2020", "x\ttitle\t2020", "x\tnews\t2020", "7\tnews\t2020"])
def test_columns_that_are_named_by_number_say_that_there_is_no_header(write: Write, first: str) -> None:
    rows = "".join(f"{'xyz'[n % 3]}\tthe text {n}\t{n}\n" for n in range(9))
    source = open_source(write("a.tsv", f"{first}\n{rows}"), "2", "1")
    assert (source.tables[0][0].header, next(source.rows()).text) == (False, first.split("\t")[1])


@pytest.mark.parametrize("first", ["id\ttext\tlabel", "id\twords\tmark", "1\t3\t2"])
def test_a_header_is_no_row_even_where_columns_are_named_by_number(write: Write, first: str) -> None:
    rows = "".join(f"x{n}\tthe text {n}\t{n % 2}\n" for n in range(9))
    with pytest.raises(ColumnError, match=f"no such column; accepted: {first[:2].strip()}, "):
        open_source(write("a.tsv", f"{first}\n{rows}"), "2" if first[0] != "1" else "4", "3")
