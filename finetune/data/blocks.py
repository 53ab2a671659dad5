"""Cuts long texts into blocks for the model: no token is lost, and hardly ever is a word cut in two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.data.width import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from finetune.data.pieces import Ids

FIXED, BEGINS, CONTINUES = 0, 1, 2


def marked_ids(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], special: Collection[int]
) -> Iterator[tuple[Ids, list[int]]]:
    """Tokenise texts and mark each token: FIXED is a special one, others begin or continue a word.

    A tokenizer that cannot tell words apart makes each token a word.
    """
    found = tokenizer([fold(one) for one in texts], add_special_tokens=False, verbose=False)
    for at, ids in enumerate(found["input_ids"]):
        words = found.word_ids(at) if tokenizer.is_fast else list(range(len(ids)))
        before = [None, *words][: len(words)]
        yield (
            ids,
            [
                FIXED if token in special else CONTINUES if word == last and word is not None else BEGINS
                for token, word, last in zip(ids, words, before, strict=True)
            ],
        )


def blocks(marks: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Cut into pieces of nearly the same size, each at most `room` tokens: (start, end) of each.

    Example: 7 words of one token with room for 3 give sizes 3, 2, 2 and not 3, 3, 1. A border moves back to
    the beginning of a word unless the word fills the whole piece.
    """
    start = 0
    while start < len(marks):
        left = len(marks) - start
        end = start + -(-left // -(-left // room))
        border = end
        while start < border < len(marks) and marks[border] == CONTINUES:
            border -= 1
        yield start, (end := border if border > start else end)
        start = end
