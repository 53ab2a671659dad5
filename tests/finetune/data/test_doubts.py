"""Saying what looks like a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from finetune.data import delimited, doubts
from finetune.data.corpus import load_corpus
from finetune.data.shape import ONE_LABEL, SEVERAL_LABELS, Shape
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


def warnings(path: Path, shape: Shape = ONE_LABEL, **more: Any) -> list[str]:  # noqa: ANN401
    corpus = load_corpus(DataOptions(data=path, cache_dir=path.parent / "cache", **more), 1, shape)
    return [one for one in corpus.notes if one.startswith("warning")]


@pytest.mark.parametrize(
    ("one", "other", "notes"),
    [
        ("Positive", "positive", 1),
        ("1.0", "1", 1),
        ("a  b", "a b", 1),
        ("1.5", "1", 0),
        ("naïve", "naive", 0),
    ],
)
def test_classes_that_differ_by_accident_are_named(write: Write, one: str, other: str, notes: int) -> None:
    rows = f"first,{one}\nsecond,{other}\nthird,x\n"
    found = warnings(write("a.csv", f"text,label\n{rows}"))
    said = {f"'{one}' and '{other}'", f"'{other}' and '{one}'"}
    assert sum(names in note for names in said for note in found) == notes


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("pos", "pos\u200b", r"'pos' and 'pos\u200b'"),
        ("café", "cafe\u0301", r"'cafe\u0301' and 'caf\xe9'"),
        ("㎡", "m2", "'m2' and '㎡'"),
        ("好", "好\u200d", r"'好' and '好\u200d'"),
    ],
)
def test_classes_that_look_alike_are_told_apart(write: Write, one: str, other: str, shown: str) -> None:
    (note,) = warnings(write("a.csv", f"text,label\nfirst,{one}\nsecond,{other}\nthird,x\n"))
    assert note.startswith(f"warning: the classes {shown} differ only in")


@pytest.mark.parametrize("cell", ["joy、fear", "joy; fear", "['joy' 'fear']"])
def test_labels_without_commas_between_are_named(write: Write, cell: str) -> None:
    path = write("a.csv", f"text,labels\na,{cell}\nb,joy\nc,fear\n")
    (note,) = warnings(path, SEVERAL_LABELS)
    assert note.startswith(f"warning: {cell!r}: read as one label each, since commas alone")


def test_a_header_of_words_above_words_is_suspected(write: Write) -> None:
    rows = "".join(f"第{n}条反馈,{'好差'[n % 2]}\n" for n in range(20))
    (note,) = warnings(write("a.csv", f"用户反馈,满意度\n{rows}"))
    assert note.endswith("if that is a header, pass --text-column '用户反馈' --label-column '满意度'")
    assert not warnings(write("a.csv", f"用户反馈,好\n{rows}"))
    assert not warnings(write("a.csv", f"用户反馈,满意度\n{rows}"), text_column="用户反馈")


def test_equal_texts_with_different_labels_are_counted(write: Write) -> None:
    write("d/class.txt", "bad\ngood\n")
    write("d/dev.txt", "x\t0\ny\t1\n")
    rows = [("a", "0"), ("a", "1"), ("b", "1"), ("b", "1"), ("c", "0"), ("c", "bad"), ("d", "0")]
    folder = write("d/train.txt", "".join(f"text {text}\t{label}\n" for text, label in rows)).parent
    said = "1 text has other labels in another row of train; finetune inspect shows them"
    assert warnings(folder) == [f"warning: {said}"]


def test_millions_of_rows_are_not_looked_through_at_each_start(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "MOST_ROWS", 3)
    path = write("a.csv", "text,label\na,x\na,y\nb,x\nc,y\nd,x\ne,y\nf,x\ng,y\n")
    assert not warnings(path)


QUOTED = '"he said ""no"" to me"\ty\n'


def test_quotes_that_come_late_are_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "SAMPLE", 3)
    plain = "".join(f"text {n}\t{'xy'[n % 2]}\n" for n in range(4))
    path = write("a.tsv", f"text\tlabel\n{plain}{QUOTED}")
    (note,) = warnings(path)
    assert note.startswith("warning: 1 text stands in quotes with doubled quotes within, as CSV writes them")
    assert warnings(path) == [note]  # from the cache too
    assert not warnings(path.rename(path.with_suffix(".csv")))


@pytest.mark.parametrize("text", ['"a" and "b"', '"so it is"', '""twice""', '"', '""', '""""'])
def test_a_title_in_quotes_is_none_of_csv(write: Write, text: str) -> None:
    rows = "".join(f"text {n}\t{'xy'[n % 2]}\n" for n in range(4))
    assert not warnings(write("a.tsv", f'text\tlabel\n{rows}a"b\tx\n{text}\ty\n'))
