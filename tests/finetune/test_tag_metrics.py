"""Our figures are seqeval's figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from finetune.data.tags import bio_tags, spans, write_bio
from finetune.tag_metrics import Tally

TAGS = st.sampled_from(bio_tags(("PER", "LOC")))


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
