"""Cuts tokenised texts to the model's length, or into windows, and puts the special tokens around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from finetune.data.width import fold

if TYPE_CHECKING:
    from collections.abc import Callable

Ids = list[int]
NOT_WANTED = -100  # stands in labels where nothing is wanted of the model


class Tokenizer(Protocol):
    """What is asked of a tokenizer; those of transformers and finetune.runtime.FastTokenizer are such."""

    @property
    def unk_token_id(self) -> Any:  # noqa: ANN401 - as transformers has it
        """The id of what the vocabulary does not know."""

    def __call__(
        self,
        text: Any,  # noqa: ANN401 - a text or many, each a string or a list of words
        *,
        add_special_tokens: bool = True,
        is_split_into_words: bool = False,
        verbose: bool = True,
    ) -> Any:  # noqa: ANN401 - a mapping with input_ids and the method word_ids
        """Tokenise without cutting and without padding."""


@dataclass(frozen=True)
class Chunk:
    """Some tokenised rows: ids, labels, the position in the chunk each came from, and how many were cut."""

    input_ids: list[Ids]
    labels: list[Any]
    rows: list[int]
    truncated: int


if TYPE_CHECKING:
    Read = Callable[[list[Any], list[Any]], Chunk]


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


def plain_ids(tokenizer: Tokenizer, texts: list[str]) -> list[Ids]:
    """Tokenise whole texts without special tokens, in parallel where the tokenizer is a fast one.

    A fast one is asked directly: the masks and offsets that come with the ids would take as long again.
    """
    folded, backend = [fold(one) for one in texts], getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return cast("list[Ids]", tokenizer(folded, add_special_tokens=False, verbose=False)["input_ids"])
    if backend.truncation is not None:  # a change waits for every thread that reads
        backend.no_truncation()
    if backend.padding is not None:
        backend.no_padding()
    return [one.ids for one in backend.encode_batch_fast(folded, add_special_tokens=False)]


def frame_of(tokenizer: Tokenizer) -> Frame:
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


def sliding(ids: Ids, room: int) -> list[Ids]:
    """Cover a text with windows that share about a quarter; all but that of a short text are full.

    Example: [1, 2, 3, 4, 5, 6] with room for 4 is [1, 2, 3, 4], [3, 4, 5, 6].
    """
    last = max(0, len(ids) - room)
    step = max(1, room - room // 4)
    return [ids[start : start + room] for start in [*range(0, last, step), last]]


def kept(ids: Ids, room: int, long_texts: str) -> list[Ids]:
    """Choose what the model reads of a text: its head, head and tail, or all of it in windows.

    Head and tail share the room as 1 to 3: of 510 tokens about the first 128 and the last 382, the best
    split of Sun et al. 2019, "How to Fine-Tune BERT for Text Classification?".
    """
    if long_texts == "windows":
        return sliding(ids, room)
    return [cut(ids, room, room - room // 4 if long_texts == "head_tail" else 0)]
