"""Learns a vocabulary from the training texts, for a model that starts from nothing: characters and words.

A Chinese character is a token, and so is a word between spaces; case and width are folded. The same texts
give the same vocabulary, and it is kept in the cache, so that a run that is resumed finds it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.data.store import fingerprint, put_in_place, workplace
from finetune.pretrained import quiet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tokenizers import Tokenizer

    from finetune.data.split import Split

VERSION = 1
SIZE = 20_000
PAD, UNKNOWN = "[PAD]", "[UNK]"


def made_encoder(train: Split, seed: int, cache: Path) -> str:
    """Return the folder of a light model with the vocabulary of these texts, making it if it is not there."""
    key = fingerprint(VERSION, SIZE, train.rows.meta["key"], train.chosen, seed)
    folder = cache / f"light-{key}"
    if not (folder / "config.json").is_file():
        with workplace(cache) as work:
            write_encoder(train, seed, work)
            put_in_place(work, folder, "config.json")
    return str(folder)


def write_encoder(train: Split, seed: int, folder: Path) -> None:
    """Write tokenizer and untrained model."""
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415 - seconds that --help must not wait for

    from finetune.light import write_light  # noqa: PLC0415 - likewise

    learned = learn(train.texts())
    with quiet():
        tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # it has no types
            tokenizer_object=learned, unk_token=UNKNOWN, pad_token=PAD
        )
        tokenizer.save_pretrained(folder)
        write_light(folder, learned.get_vocab_size(), seed)


def learn(texts: Iterable[str]) -> Tokenizer:
    """Keep the tokens that occur twice and more, the most frequent first."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: PLC0415 - see write_encoder

    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.BertNormalizer(strip_accents=False)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordLevelTrainer(
        vocab_size=SIZE, min_frequency=2, special_tokens=[PAD, UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
