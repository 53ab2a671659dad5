"""Turns tagged words into token windows: a tag stands at its word's first token, in the owning window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.data.pieces import NOT_WANTED, plain_ids
from finetune.data.width import fold
from finetune.data.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from finetune.data.pieces import Frame, Ids, Tokenizer


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


def keep_spaces(tokenizer: PreTrainedTokenizerBase) -> str:
    """Let a byte-level tokenizer read words with the space before them, as in a text; say what was done.

    Without it "xyz" is the end of a word such as "abcxyz". The tokenizer is saved as it is set here.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or as_in_texts(tokenizer):
        return ""
    splitter = backend.pre_tokenizer
    if hasattr(splitter, "add_prefix_space"):
        splitter.add_prefix_space = True
        backend.pre_tokenizer = splitter
        tokenizer.add_prefix_space = tokenizer.init_kwargs["add_prefix_space"] = True  # what is saved of it
    if as_in_texts(tokenizer):
        return "words are read with the space before them, as this tokenizer reads them in texts"
    return (
        "warning: words are read without the space before them, so for this tokenizer they are parts of "
        "words; with another encoder more entities may be found"
    )


def as_in_texts(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether words by themselves are the tokens that they are in a text."""
    words = next(pieces_of_words(tokenizer, [["a", "a"]]))
    return plain_ids(tokenizer, ["a a"])[0] == [token for word in words for token in word]


def encode_sentence(
    pieces: list[Ids], tags: Sequence[int], frame: Frame, max_length: int
) -> Iterator[tuple[Ids, list[int]]]:
    """Yield (ids, answers) of each window."""
    if not pieces:
        return
    room = max_length - frame.size
    before, after = [NOT_WANTED] * len(frame.before), [NOT_WANTED] * len(frame.after)
    for window in windows([min(len(one), room) for one in pieces], room):
        ids: Ids = []
        answers = list(before)
        for at in range(window.start, window.end):
            piece = pieces[at][:room]
            owned = window.own_start <= at < window.own_end
            ids += piece
            answers += [tags[at] if owned else NOT_WANTED] + [NOT_WANTED] * (len(piece) - 1)
        yield frame.around(ids), answers + after
