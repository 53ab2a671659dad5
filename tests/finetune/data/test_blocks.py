"""Blocks of a text that is longer than the model reads, cut before words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from finetune.data.blocks import BEGINS, CONTINUES, FIXED, blocks, marked_ids
from finetune.pretrained import load_tokenizer
from tests.finetune.marks import WORDS, marks_of

if TYPE_CHECKING:
    from pathlib import Path


@given(WORDS, st.integers(1, 30))
def test_blocks_lose_no_token_and_keep_to_the_room(words: list[int], room: int) -> None:
    marks = marks_of(words).tolist()
    found = list(blocks(marks, room))
    assert [at for start, end in found for at in range(start, end)] == list(range(len(marks)))
    assert all(0 < end - start <= room for start, end in found)


def test_blocks_are_of_one_size_and_cut_before_words() -> None:
    assert list(blocks([BEGINS] * 7, 3)) == [(0, 3), (3, 5), (5, 7)]
    assert list(blocks([BEGINS, BEGINS, CONTINUES, BEGINS], 3)) == [(0, 1), (1, 4)]


def test_pieces_of_a_word_are_marked_and_special_tokens_too(encoder: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    [(ids, marks)] = marked_ids(tokenizer, ["国足[MASK]"], frozenset(tokenizer.all_special_ids))
    assert ids[-1] == tokenizer.mask_token_id
    assert marks == [BEGINS, BEGINS, FIXED]
