"""Tag schemes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.tags import Span, bio_tags, scheme, spans, write_bio

TAGS = st.sampled_from(bio_tags(("PER", "LOC")))
WANTED = [Span(0, 2, "PER"), Span(3, 4, "LOC"), Span(4, 7, "LOC")]


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("BIO", "B-PER I-PER O B-LOC B-LOC I-LOC I-LOC"),
        ("IOB1", "I-PER I-PER O I-LOC B-LOC I-LOC I-LOC"),
        ("BMES", "B-PER E-PER O S-LOC B-LOC M-LOC E-LOC"),
        ("BIOES", "B-PER E-PER O S-LOC B-LOC I-LOC E-LOC"),
    ],
)
def test_every_scheme_means_the_same(name: str, tags: str) -> None:
    assert spans(tags.split()) == WANTED
    if name != "IOB1":
        assert scheme({tag[0] for tag in tags.split() if tag != "O"}) == name


@given(st.lists(TAGS, max_size=30))
def test_writing_and_reading_are_inverses(tags: list[str]) -> None:
    found = spans(tags)
    assert spans(write_bio(found, len(tags))) == found
