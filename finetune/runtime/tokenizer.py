"""A tokenizer.json, called as the tokenizers of transformers are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from finetune.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Encoding


@dataclass(frozen=True)
class Tokenised:
    """Many texts as tokens."""

    encodings: list[Encoding]

    def __getitem__(self, _name: str) -> list[list[int]]:
        """Give the token ids of each text; there is nothing else."""
        return [one.ids for one in self.encodings]

    def word_ids(self, at: int) -> list[int | None]:
        """Tell of each token of one text to which word it belongs."""
        found: list[int | None] = self.encodings[at].word_ids
        return found


class FastTokenizer:
    """Neither cuts nor pads, whatever the file says."""

    def __init__(self, path: Path, unknown: int | None) -> None:
        self.unk_token_id = unknown
        self.backend_tokenizer = read_tokenizer(path)
        self.backend_tokenizer.no_truncation()
        self.backend_tokenizer.no_padding()

    def __call__(
        self,
        text: Any,  # noqa: ANN401 - a text or many, each a string or a list of words
        *,
        add_special_tokens: bool = True,
        is_split_into_words: bool = False,
        verbose: bool = True,
    ) -> Any:  # noqa: ANN401 - as the tokenizers of transformers
        """Tokenise one text or many."""
        del verbose
        if isinstance(text, str):
            return {
                "input_ids": self.backend_tokenizer.encode(text, add_special_tokens=add_special_tokens).ids
            }
        return Tokenised(
            self.backend_tokenizer.encode_batch(
                text, is_pretokenized=is_split_into_words, add_special_tokens=add_special_tokens
            )
        )


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer.json; refuse a damaged one."""
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - tokenizers has no class of its own
        raise RequestError(f"{path}: found no tokenizer ({error}); export the model again") from None
