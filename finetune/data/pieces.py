"""Cuts tokenised texts to the model's length and puts the special tokens around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from finetune.data.width import fold

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = list[int]


@dataclass(frozen=True)
class Frame:
    """The special tokens before and after a single text: [CLS] … [SEP] for BERT."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def size(self) -> int:
        """Tokens that the frame itself takes."""
        return len(self.before) + len(self.after)

    def around(self, ids: Ids) -> Ids:
        """Frame a text: [7] becomes [101, 7, 102]."""
        return [*self.before, *ids, *self.after]


def plain_ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[Ids]:
    """Tokenise whole texts without special tokens, in parallel where the tokenizer is a fast one."""
    found = tokenizer(
        [fold(one) for one in texts],
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return cast("list[Ids]", found["input_ids"])


def frame_of(tokenizer: PreTrainedTokenizerBase) -> Frame:
    """Learn the frame from one text tokenised with and without it."""
    bare = plain_ids(tokenizer, ["1"])[0]
    framed = cast("Ids", tokenizer("1", verbose=False)["input_ids"])
    start = next(at for at in range(len(framed)) if framed[at : at + len(bare)] == bare)
    return Frame(tuple(framed[:start]), tuple(framed[start + len(bare) :]))


def cut(ids: Ids, room: int, tail: int = 0) -> Ids:
    """Keep the first tokens, or with a tail also the last: [1, 2, 3, 4] to 3, tail 1, is [1, 2, 4]."""
    if len(ids) <= room:
        return ids
    return ids[:room] if tail == 0 else ids[: room - tail] + ids[-tail:]
