"""Choosing columns, and saying what else might have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.rows import open_source
from finetune.errors import DataError

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
