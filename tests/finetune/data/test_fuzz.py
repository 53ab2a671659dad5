"""Damaged files: an error of exit code 2 that names the file, or a correct read; never anything else."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finetune.data.corpus import load_corpus
from finetune.data.shape import ONE_LABEL
from finetune.errors import DataError, FinetuneError
from finetune.options import DataOptions

NAMES = st.sampled_from(
    ["a.txt", "a.tsv", "a.csv", "a.jsonl", "a.json", "a.parquet", "a.txt.gz", "a.csv.xz", "a"]
)
GOOD = st.sampled_from(
    [
        "好新闻\t1\n坏新闻\t0\n" * 9,
        "text,label\n好新闻,1\n坏新闻,0\n" + "x,1\ny,0\n" * 8,
        "".join(json.dumps({"text": f"t{n}", "label": n % 2}) + "\n" for n in range(20)),
    ]
)
JUNK = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"\n", b"\t", b'"', b",", b"\0", b"\xff", b"{", b"\r", b"\x1a", b"\xef\xbb\xbf", "\u2028".encode()]
    ),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Insert junk into a good file, or cut it, or take junk alone."""
    good = draw(GOOD).encode(draw(st.sampled_from(["utf-8", "gb18030", "utf-16"])))
    at = draw(st.integers(0, len(good)))
    kind = draw(st.sampled_from(["insert", "cut", "junk", "replace"]))
    junk = draw(JUNK)
    if kind == "junk":
        return junk
    if kind == "cut":
        return good[:at]
    return good[:at] + junk + good[at + (len(junk) if kind == "replace" else 0) :]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NAMES, damaged(), st.booleans(), st.booleans())
def test_a_damaged_file_is_read_or_refused(name: str, contents: bytes, packed: bool, skip: bool) -> None:  # noqa: FBT001
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(gzip.compress(contents) if packed and name.endswith(".gz") else contents)
        options = DataOptions(data=path, cache_dir=Path(folder) / "cache", skip_bad_rows=skip)
        try:
            corpus = load_corpus(options, 0, ONE_LABEL)
        except FinetuneError as error:
            assert error.exit_code == 2  # noqa: PT017
            assert str(path) in str(error)  # noqa: PT017
            if isinstance(error, DataError) and "columns" in error.problem.expected:
                assert error.problem.line is not None  # noqa: PT017
        else:
            assert all(text.strip() for split in corpus.splits.values() for text in split.texts())
