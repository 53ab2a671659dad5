"""Columns of words and tags as people have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.conll import cells, open_tagged
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("京 B-LOC\n", ["京", "B-LOC"]),
        ("EU\tNNP\tI-NP\tI-ORG\n", ["EU", "NNP", "I-NP", "I-ORG"]),
        ("New York\tB-LOC\n", ["New York", "B-LOC"]),
        ("\u3000 O\n", ["\u3000", "O"]),
        ("京\u3000Ｂ－ＬＯＣ\n", ["京", "Ｂ－ＬＯＣ"]),
        ("\u00a0 O\n", ["\u00a0", "O"]),
        ("  京   O  \n", ["京", "O"]),
        ("\u3000\n", []),
        (" \t\n", []),
        ("京\n", ["京"]),
    ],
)
def test_a_line_is_split_where_people_meant_it(line: str, found: list[str]) -> None:
    assert cells(line) == found


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("B-LOC M-LOC E-LOC O S-PER", "BMES"),
        ("B-LOC I-LOC E-LOC O S-PER", "BIOES"),
        ("B-LOC I-LOC L-LOC O U-PER", "BIOES"),
        ("B-LOC I-LOC I-LOC O B-PER", "BIO"),
        ("I-LOC I-LOC I-LOC O I-PER", "IOB1"),
        ("Ｂ－ＬＯＣ Ｉ－ＬＯＣ Ｉ－ＬＯＣ Ｏ Ｂ－ＰＥＲ", "BIO"),
    ],
)
def test_the_scheme_is_named(write: Write, tags: str, scheme: str) -> None:
    path = write("a.txt", "".join(f"字 {tag}\n" for tag in tags.split()))
    source = open_tagged(path, DataOptions(data=path))
    assert f"{scheme} tags" in source.said
    assert next(source.rows()).label[-1][-3:] == "PER"
