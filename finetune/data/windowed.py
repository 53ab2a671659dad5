"""Turns tagged words into token windows: a tag stands at its word's first token, in the owning window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.data.width import fold
from finetune.data.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from finetune.data.pieces import Frame, Ids, Tokenizer

NO_ANSWER = -100


def pieces_of_words(tokenizer: Tokenizer, sentences: Sequence[Sequence[str]]) -> Iterator[list[Ids]]:
    """Tokenise words; one that leaves no token (a control character) becomes [UNK]: no word is lost."""
    if not sentences:
        return
    unknown = tokenizer.unk_token_id
    found = tokenizer(
        [[fold(word) for word in one] or [""] for one in sentences],
        is_split_into_words=True,
        add_special_tokens=False,
        verbose=False,
    )
    for at, words in enumerate(sentences):
        pieces: list[Ids] = [[] for _ in words]
        for token, word in zip(found["input_ids"][at], found.word_ids(at), strict=True):
            pieces[word].append(token)
        yield [one or [unknown] for one in pieces]


def encode_sentence(
    pieces: list[Ids], tags: Sequence[int], frame: Frame, max_length: int
) -> Iterator[tuple[Ids, list[int]]]:
    """Yield (ids, answers) of each window."""
    if not pieces:
        return
    room = max_length - frame.size
    before, after = [NO_ANSWER] * len(frame.before), [NO_ANSWER] * len(frame.after)
    for window in windows([min(len(one), room) for one in pieces], room):
        ids: Ids = []
        answers = list(before)
        for at in range(window.start, window.end):
            piece = pieces[at][:room]
            owned = window.own_start <= at < window.own_end
            ids += piece
            answers += [tags[at] if owned else NO_ANSWER] + [NO_ANSWER] * (len(piece) - 1)
        yield frame.around(ids), answers + after
