"""The report's parts for a masked language model."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finetune.report.sections import MISTAKES_SHOWN, Section, table
from finetune.sparse_head import GUESSES, LOSS, TOKENS, TRUTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

    from finetune.data.tokens import Encoded
    from finetune.masking import MaskedRows

Figures = NDArray[np.float32]
AROUND = 12


def asked_figures(logits: Sequence[Figures]) -> Figures:
    """Put the figures of all tokens that were asked for below each other."""
    return np.concatenate([one[~np.isnan(one[:, LOSS])] for one in logits])


def masked_sections(
    logits: Sequence[Figures], encoded: Encoded, view: MaskedRows, tokenizer: PreTrainedTokenizerBase
) -> list[Section]:
    """Report the frequent tokens that are guessed worst, and mistakes in their context."""
    found = asked_figures(logits)
    return [
        Section("tokens", "Frequent tokens, the hardest first", hard_tokens(found, tokenizer)),
        Section("mistakes", "The surest mistakes", mistakes(logits, encoded, view, tokenizer)),
    ]


def hard_tokens(found: Figures, tokenizer: PreTrainedTokenizerBase) -> str:
    """List the most frequent of the masked tokens by the mean loss, with what is guessed instead."""
    truth, guess = found[:, TRUTH].astype(int), found[:, TOKENS].astype(int)
    rows = []
    for token, count in Counter(truth.tolist()).most_common(MISTAKES_SHOWN):
        mine = truth == token
        instead = Counter(guess[mine & (guess != truth)].tolist()).most_common(3)
        named = " ".join(tokenizer.convert_ids_to_tokens([one for one, _ in instead]))
        right = float((guess[mine] == token).mean())
        shown = str(tokenizer.convert_ids_to_tokens(token))
        rows.append((shown, count, right, float(found[mine, LOSS].mean()), named))
    rows.sort(key=lambda row: -row[3])
    return table(("token", "masked", "share right", "loss", "guessed instead"), rows)


def mistakes(
    logits: Sequence[Figures], encoded: Encoded, view: MaskedRows, tokenizer: PreTrainedTokenizerBase
) -> str:
    """List the wrong guesses of which the model was surest, as it read the text around them."""
    wrong = [
        (float(one[at, TOKENS + GUESSES]), number, int(at))
        for number, one in enumerate(logits)
        for at in np.flatnonzero(one[:, TRUTH] != one[:, TOKENS])
        if not np.isnan(one[at, LOSS])
    ]
    rows = []
    for share, number, at in sorted(wrong, reverse=True)[:MISTAKES_SHOWN]:
        ids = view.input_ids[number]
        before, after = ids[max(0, at - AROUND) : at], ids[at + 1 : at + 1 + AROUND]
        text = f"{tokenizer.decode(before)} ▢ {tokenizer.decode(after)}"
        pair = [int(logits[number][at, n]) for n in (TRUTH, TOKENS)]
        truth, guess = list(tokenizer.convert_ids_to_tokens(pair))
        rows.append((encoded.split.at(int(encoded.rows[number]))[0], text, truth, guess, share))
    return table(("place", "as it was read", "token", "guess", "confidence"), rows) if rows else "None."
