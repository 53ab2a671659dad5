"""Tag schemes and windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from finetune.data.tags import Span, bio_tags, scheme, spans, write_bio
from finetune.data.windows import windows
from finetune.tag_metrics import Tally

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


@given(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=30))
def test_strict_figures_are_those_of_seqeval(pairs: list[tuple[str, str]]) -> None:
    truth, guess = (write_bio(spans(one), len(pairs)) for one in zip(*pairs, strict=True))
    tally = Tally()
    tally.add(truth, guess)
    ours = tally.metrics()
    for name, theirs in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
        assert ours[name] == pytest.approx(
            theirs([truth], [guess], mode="strict", scheme=IOB2, zero_division=0)
        )


@given(st.lists(st.integers(1, 9), min_size=1, max_size=120), st.integers(9, 40))
def test_windows_own_every_word_once_and_stay_within_the_room(sizes: list[int], room: int) -> None:
    cut = windows(sizes, room)
    assert [at for one in cut for at in range(one.own_start, one.own_end)] == list(range(len(sizes)))
    for one in cut:
        assert one.start <= one.own_start <= one.own_end <= one.end
        assert sum(sizes[one.start : one.end]) <= room


def test_a_short_sentence_is_one_window() -> None:
    assert len(windows([1] * 30, 30)) == 1
