"""Damaged files: an error of exit code 2 that names the file, or a correct read; never anything else."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from finetune.data.conll import TAGGED
from finetune.data.corpus import load_corpus
from finetune.data.plain import PLAIN
from finetune.data.shape import ONE_LABEL
from finetune.errors import DataError, FinetuneError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finetune.data.shape import Shape

MANY = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOME = settings(MANY, max_examples=60)
NAMES = st.sampled_from(
    ["a.txt", "a.tsv", "a.csv", "a.jsonl", "a.json", "a.parquet", "a.txt.gz", "a.csv.xz", "a"]
)
GOOD = st.sampled_from(
    [
        "好新闻\t1\n坏新闻\t0\n" * 9,
        "text,label\n好新闻,1\n坏新闻,0\n" + "x,1\ny,0\n" * 8,
        "".join(json.dumps({"text": f"t{n}", "label": n % 2}) + "\n" for n in range(20)),
        json.dumps([{"text": f"t{n}", "label": n % 2} for n in range(20)], indent=1),
        'text\tlabel\n"好\n新闻"\t1\n坏新闻\t0\n' + "x\t1\ny\t0\n" * 8,
    ]
)
JUNK = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"\n", b"\t", b'"', b",", b"\0", b"\xff", b"{", b"\r", b"\x1a", b"\xef\xbb\xbf", "\u2028".encode()]
    ),
)


@contextmanager
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@st.composite
def damaged(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> bytes:
    """Insert junk into a good file, or cut it, or take junk alone."""
    good = draw(texts).encode(draw(st.sampled_from(["utf-8", "gb18030", "utf-16"])))
    at = draw(st.integers(0, len(good)))
    kind = draw(st.sampled_from(["insert", "cut", "junk", "replace"]))
    junk = draw(JUNK)
    if kind == "junk":
        return junk
    if kind == "cut":
        return good[:at]
    return good[:at] + junk + good[at + (len(junk) if kind == "replace" else 0) :]


TAGGED_GOOD = st.sampled_from(
    [
        "京 B-LOC\n城 I-LOC\n\n好 O\n\n" * 9,
        "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\n" * 9,
        "".join(json.dumps({"tokens": ["京", "城"], "tags": ["B-LOC", "E-LOC"]}) + "\n" for _ in range(20)),
        "".join(json.dumps({"text": "京城很大", "label": [[0, 2, "LOC"], []]}) + "\n" for _ in range(20)),
        "".join(json.dumps({"text": "京城很大", "label": [[0, 2, "LOC"]]}) + "\n" for _ in range(20)),
    ]
)


def parquet_bytes() -> bytes:
    """Write a good Parquet file to damage."""
    sink = pa.BufferOutputStream()
    table = pa.table({"text": [f"text {n}" for n in range(50)], "label": [n % 2 for n in range(50)]})
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())


PARQUET = parquet_bytes()


def read_or_refuse(options: DataOptions, place: Path, shape: Shape = ONE_LABEL) -> None:
    """Read; an error must be the user's, and name the place."""
    try:
        corpus = load_corpus(options, 0, shape)
    except FinetuneError as error:
        assert error.exit_code == 2  # noqa: PT017
        assert str(place) in str(error)  # noqa: PT017
        if isinstance(error, DataError) and "columns" in error.problem.expected:
            assert error.problem.line is not None  # noqa: PT017
    else:
        assert all(text.strip() for split in corpus.splits.values() for text in split.texts())


def options_for(path: Path, folder: Path, *, skip: bool = False) -> DataOptions:
    return DataOptions(data=path, cache_dir=folder / "cache", skip_bad_rows=skip)


@MANY
@given(NAMES, damaged(GOOD), st.booleans(), st.booleans())
def test_a_damaged_file_is_read_or_refused(name: str, contents: bytes, packed: bool, skip: bool) -> None:  # noqa: FBT001
    with temporary() as folder:
        path = folder / name
        path.write_bytes(gzip.compress(contents) if packed and name.endswith(".gz") else contents)
        read_or_refuse(options_for(path, folder, skip=skip), path)


@SOME
@given(damaged(TAGGED_GOOD), st.sampled_from(["a.txt", "a.jsonl"]), st.booleans())
def test_a_damaged_tagged_file_is_read_or_refused(contents: bytes, name: str, skip: bool) -> None:  # noqa: FBT001
    with temporary() as folder:
        (folder / name).write_bytes(contents)
        read_or_refuse(options_for(folder / name, folder, skip=skip), folder / name, TAGGED)


@SOME
@given(damaged(GOOD) | st.sampled_from([b"", b"\xef\xbb\xbf", "\u3000\n".encode()]), NAMES, st.booleans())
def test_a_damaged_file_of_plain_texts_is_read_or_refused(contents: bytes, name: str, skip: bool) -> None:  # noqa: FBT001
    with temporary() as folder:
        (folder / name).write_bytes(contents)
        read_or_refuse(options_for(folder / name, folder, skip=skip), folder / name, PLAIN)


@SOME
@given(damaged(GOOD), damaged(GOOD), st.sampled_from(["pos/1.txt", "pos.txt", "pos.csv", "pos.jsonl"]))
def test_a_folder_of_damaged_texts_is_read_or_refused(one: bytes, two: bytes, name: str) -> None:
    with temporary() as folder:
        for place, contents in ((name, one), (name.replace("pos", "neg"), two)):
            (folder / "data" / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / "data" / place).write_bytes(contents)
        read_or_refuse(options_for(folder / "data", folder), folder / "data")


@SOME
@given(damaged(st.just("体育\n财经\n")))
def test_a_damaged_class_file_is_read_or_refused(contents: bytes) -> None:
    with temporary() as folder:
        (folder / "train.txt").write_text("好新闻\t1\n坏新闻\t0\n" * 9)
        (folder / "class.txt").write_bytes(contents)
        read_or_refuse(options_for(folder / "train.txt", folder), folder / "class.txt")


@SOME
@given(st.integers(0, len(PARQUET)), JUNK, st.booleans())
def test_a_damaged_parquet_file_is_read_or_refused(at: int, junk: bytes, cut: bool) -> None:  # noqa: FBT001
    with temporary() as folder:
        path = folder / "a.parquet"
        path.write_bytes(PARQUET[:at] + junk + (b"" if cut else PARQUET[at + len(junk) :]))
        read_or_refuse(options_for(path, folder), path)
