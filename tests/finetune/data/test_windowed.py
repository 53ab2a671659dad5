"""Properties of the alignment of words and tokens, and of windows put together again."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from finetune.data.pieces import frame_of, plain_ids
from finetune.data.windowed import encode_sentence, keep_spaces, pieces_of_words
from finetune.demo import write_encoder
from finetune.pretrained import load_tokenizer
from tests.finetune.bytes_encoder import write_bytes_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

WORDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=40
)


@pytest.fixture(scope="module")
def tokenizer(encoder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(str(encoder))


@given(words=WORDS, limit=st.integers(4, 24))
def test_every_word_is_answered_for_once_and_in_order(
    tokenizer: PreTrainedTokenizerBase, words: list[str], limit: int
) -> None:
    pieces = next(pieces_of_words(tokenizer, [words]))
    assert len(pieces) == len(words)
    tags = list(range(len(words)))
    windows = list(encode_sentence(pieces, tags, frame_of(tokenizer), limit))
    assert [one for _, answers in windows for one in answers if one >= 0] == tags
    assert all(len(ids) == len(answers) <= limit for ids, answers in windows)


@given(words=st.lists(st.sampled_from(["主队", "导演", "ＡＢ１２", "收盘", "，"]), min_size=1, max_size=9))
def test_tokens_of_the_words_are_the_tokens_of_the_text(
    tokenizer: PreTrainedTokenizerBase, words: list[str]
) -> None:
    pieces = next(pieces_of_words(tokenizer, [words]))
    assert [token for piece in pieces for token in piece] == plain_ids(tokenizer, [" ".join(words)])[0]


def test_full_width_letters_are_those_of_the_vocabulary(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(write_encoder(tmp_path / "tiny", ["a 1 主"])))
    known = [tokenizer.get_vocab()[one] for one in ("a", "主", "1")]
    assert plain_ids(tokenizer, ["Ａ主 １"]) == [known]
    assert next(pieces_of_words(tokenizer, [["Ａ", "主", "１"]])) == [[one] for one in known]


def test_texts_are_never_cut_although_their_tokenizer_would(tokenizer: PreTrainedTokenizerBase) -> None:
    asked = copy.deepcopy(tokenizer)
    whole = asked("主 " * 40, add_special_tokens=False)["input_ids"]
    asked.backend_tokenizer.enable_truncation(8)
    asked.backend_tokenizer.enable_padding(length=64)
    assert plain_ids(asked, ["主 " * 40]) == [whole]


KINDS = ("RobertaTokenizer", "DebertaTokenizer", "GPT2Tokenizer", "PreTrainedTokenizerFast")


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_of_words_are_those_of_the_text(tmp_path: Path, kind: str) -> None:
    tokenizer = load_tokenizer(str(write_bytes_encoder(tmp_path / "encoder", kind)))
    plain = plain_ids(tokenizer, ["abc xyz Paris"])[0]
    assert "with the space before them" in keep_spaces(tokenizer)
    tokenizer.save_pretrained(tmp_path / "saved")
    for one in (tokenizer, load_tokenizer(str(tmp_path / "saved"))):
        pieces = next(pieces_of_words(one, [["abc", "xyz", "Paris"]]))
        assert [token for piece in pieces[1:] for token in piece] == plain[-2:]
        assert next(pieces_of_words(one, [[]])) == []


def test_a_tokenizer_that_knows_no_spaces_stays_as_it_is(encoder: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    before = tokenizer.backend_tokenizer.to_str()
    assert keep_spaces(tokenizer) == ""
    assert tokenizer.backend_tokenizer.to_str() == before


def test_a_tokenizer_that_cannot_keep_spaces_is_named(tmp_path: Path) -> None:
    folder = write_bytes_encoder(tmp_path / "encoder", "PreTrainedTokenizerFast")
    tokenizer = load_tokenizer(str(folder))
    splitter = pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.backend_tokenizer.pre_tokenizer = splitter
    assert keep_spaces(tokenizer).startswith("warning: words are read without the space before them")
