"""Words of a plain line, as the training data would have them."""

from __future__ import annotations

import pytest

from finetune.data.words import Words, inner_signs

CONLL = ["O'Neill", "of", "Jean-Pierre", "AT&T", "U.S.", "3.5", "2,000"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("He left the U.S. in May.", ["He", "left", "the", "U.S.", "in", "May", "."]),
        ("It is the end.", ["It", "is", "the", "end", "."]),
        ("U.S.-based AT&T", ["U.S.-based", "AT&T"]),
        ("Jean-Pierre O’Neill - twice", ["Jean-Pierre", "O’Neill", "-", "twice"]),
        ("Germany's 2,000 men, 3.5%", ["Germany", "'s", "2,000", "men", ",", "3.5", "%"]),
        ("Paris,London 'quoted'", ["Paris", ",", "London", "'", "quoted", "'"]),
    ],
)
def test_signs_within_words_of_the_data_do_not_cut_words(line: str, words: list[str]) -> None:
    assert Words(line, characters=False, inner=inner_signs([CONLL])) == words


def test_data_that_cuts_at_every_sign_is_followed() -> None:
    inner = inner_signs([["Jean", "-", "Pierre", "'", "s", "U", "."]])
    assert Words("Jean-Pierre", characters=False, inner=inner) == ["Jean", "-", "Pierre"]


def test_an_ending_that_stands_alone_is_seen_in_the_data() -> None:
    assert Words("it's", characters=False, inner=inner_signs([["Germany", "'s", "men"]])) == ["it", "'s"]


@pytest.mark.parametrize("word", ["Cafe\u0301", "\u0939\u093f\u0928\u094d\u0926\u0940", "می\u200cخواهم"])
def test_marks_stay_with_their_letter(word: str) -> None:
    assert Words(f"{word} {word}.", characters=False) == [word, word, "."]


def test_places_are_those_of_the_line_as_it_came() -> None:
    words = Words(" Cafe\u0301 U.S., ok", characters=False, inner=".")
    assert list(words) == [words.line[start:end] for start, end in words.places]
    assert words.places == [(1, 6), (7, 11), (11, 12), (13, 15)]


def test_words_that_are_given_have_their_places_in_the_line() -> None:
    words = Words.given(["a", "a-b", "a"], "a a-b a")
    assert (list(words), words.places) == (["a", "a-b", "a"], [(0, 1), (2, 5), (6, 7)])
