"""What is written in any format is read back the same, whatever the texts are."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyarrow import parquet

from finetune.data.conll import open_tagged
from finetune.data.rows import open_source
from finetune.data.width import FULL_WIDTH, fold
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs = list[tuple[str, str]]
LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn"))
TEXT = st.text(LETTERS, min_size=1, max_size=20).map(lambda one: f"文{one}字")
ROWS = st.lists(st.tuples(TEXT, st.sampled_from(["体育", "财经", "7"])), min_size=1, max_size=12)
LONG_ROWS = st.lists(
    st.tuples(
        st.text(LETTERS | st.sampled_from('\n"\t,;|'), max_size=20).map(lambda one: f"文{one}字"),
        TEXT.map(fold),
    ),
    min_size=1,
    max_size=12,
)
WORD = st.text(LETTERS, min_size=1, max_size=5).map(lambda one: "".join(one.split()) or "词")
SENTENCE = st.lists(
    st.tuples(WORD, st.sampled_from(["O", "B-LOC", "I-LOC", "S-PER"])), min_size=1, max_size=8
)


def as_csv(rows: Pairs, separator: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([("text", "label"), *rows])
    return out.getvalue().encode()


def as_tab(rows: Pairs) -> bytes:
    return "".join(f"{text}\t{label}\n" for text, label in rows).encode()


def as_json(rows: Pairs) -> bytes:
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows).encode()


def as_parquet(rows: Pairs) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"text": [one for one, _ in rows], "label": [one for _, one in rows]}), sink)
    return bytes(sink.getvalue())


def read_back(name: str, contents: bytes) -> Pairs:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(contents)
        found = list(open_source(path, "text" if name != "a.tsv" else None, None).rows())
    assert not [row.problem for row in found if row.problem]
    return [(row.text, row.label or "") for row in found]


FORMATS: dict[str, tuple[str, Callable[[Pairs], bytes]]] = {
    "CSV": ("a.csv", as_csv),
    "CSV with semicolons": ("a.csv", lambda rows: as_csv(rows, ";")),
    "CSV with bars, xz": ("a.csv.xz", lambda rows: lzma.compress(as_csv(rows, "|"))),
    "JSON lines, gz": ("a.jsonl.gz", lambda rows: gzip.compress(as_json(rows))),
    "Parquet": ("a.parquet", as_parquet),
}


@pytest.mark.parametrize("name", FORMATS)
@given(rows=LONG_ROWS)
def test_texts_of_several_lines(name: str, rows: Pairs) -> None:
    file, write = FORMATS[name]
    assert read_back(file, write(rows)) == [(text.strip(), label.strip()) for text, label in rows]


@given(ROWS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]), st.sampled_from(["\n", "\r\n"]))
def test_tab_separated_in_every_encoding(rows: Pairs, encoding: str, end: str) -> None:
    first, *others = (label for _, label in rows)
    assume(first == "7" or not others or {*others} != {"7"})  # a word above numbers is a header
    contents = as_tab(rows).decode().replace("\n", end).encode(encoding)
    found = read_back("a.tsv", contents)
    assert sorted(found) == sorted((text.strip(), label) for text, label in rows)


@given(st.lists(SENTENCE, min_size=1, max_size=6), st.sampled_from([" ", "\t", " NN _ "]))
def test_tagged_sentences(sentences: list[Pairs], between: str) -> None:
    sentences = [[("京", "B-LOC")], *sentences]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_text(
            "\n".join("".join(f"{w}{between}{t}\n" for w, t in one) for one in sentences), encoding="utf-8"
        )
        found = [
            list(zip(row.text, row.label, strict=True))
            for row in open_tagged(path, DataOptions(data=path)).rows()
        ]
    assert found == sentences


@given(st.text())
def test_folding_keeps_places_and_leaves_nothing_to_fold(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert not FULL_WIDTH.search(fold(text))
