"""Columns of words and tags as people have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.data.conll import cells, is_tagged, open_tagged
from finetune.data.shape import open_labelled
from finetune.errors import DataError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.data.rows import Row
    from finetune.data.shape import AnySource

    Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("京 B-LOC\n", ["京", "B-LOC"]),
        ("EU\tNNP\tI-NP\tI-ORG\n", ["EU", "NNP", "I-NP", "I-ORG"]),
        ("New York\tB-LOC\n", ["New York", "B-LOC"]),
        ("\u3000 O\n", ["\u3000", "O"]),
        ("京\u3000Ｂ－ＬＯＣ\n", ["京", "Ｂ－ＬＯＣ"]),
        ("\u00a0 O\n", ["\u00a0", "O"]),
        ("  京   O  \n", ["京", "O"]),
        ("\u3000\n", []),
        (" \t\n", []),
        ("京\n", ["京"]),
    ],
)
def test_a_line_is_split_where_people_meant_it(line: str, found: list[str]) -> None:
    assert cells(line) == found


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("B-LOC M-LOC E-LOC O S-PER", "BMES"),
        ("B-LOC I-LOC E-LOC O S-PER", "BIOES"),
        ("B-LOC I-LOC L-LOC O U-PER", "BIOES"),
        ("B-LOC I-LOC I-LOC O B-PER", "BIO"),
        ("I-LOC I-LOC I-LOC O I-PER", "IOB1"),
        ("I-LOC B-LOC I-LOC O I-PER", "IOB1"),
        ("I-LOC B-LOC I-LOC O B-PER", "BIO"),
        ("Ｂ－ＬＯＣ Ｉ－ＬＯＣ Ｉ－ＬＯＣ Ｏ Ｂ－ＰＥＲ", "BIO"),
    ],
)
def test_the_scheme_is_named(write: Write, tags: str, scheme: str) -> None:
    path = write("a.txt", "".join(f"字 {tag}\n" for tag in tags.split()))
    source = open_tagged(path, DataOptions(data=path))
    assert f"{scheme} tags" in source.said
    assert next(source.rows()).label[-1][-3:] == "PER"


@pytest.mark.parametrize(
    ("row", "words", "tags"),
    [
        ('"text": "北京 很大", "label": [[0, 2, "LOC"]]', "北 京 很 大", "B-LOC I-LOC O O"),
        ('"text": "He saw New York.", "labels": [[7, 15, "LOC"], [0, 2, "PER"]]', "He saw New York .",
         "B-PER O B-LOC I-LOC O"),
        ('"text": "He saw Rome ", "label": [[6, 12, "LOC"]]', "He saw Rome", "O O B-LOC"),
    ],
)  # fmt: skip
def test_entities_may_be_given_by_their_places(write: Write, row: str, words: str, tags: str) -> None:
    path = write("a.jsonl", f"{{{row}}}\n")
    source = open_tagged(path, DataOptions(data=path))
    assert "BIO tags" in source.said
    assert [(one.text, one.label) for one in source.rows()] == [(words.split(), tags.split())]


def test_a_text_without_entities_is_a_sentence(write: Write) -> None:
    path = write("a.jsonl", '{"text": "北京", "label": [[0, 2, "LOC"]]}\n{"text": "好", "label": []}\n')
    assert [row.label for row in open_tagged(path, DataOptions(data=path)).rows()][1] == ["O"]


@pytest.mark.parametrize(
    ("text", "marks", "message"),
    [
        ("New York", '[[0, 5, "LOC"]]', "[0, 5, 'LOC'], which begins or ends inside a word"),
        ("New York", '[[0, 8, "LOC"], [4, 8, "PER"]]', "two entities that overlap, LOC and PER, at 'York'"),
        ("New York", '[[9, 12, "LOC"]]', "[9, 12, 'LOC'], where there is no word of the text"),
        ("New York", '[[0, "LOC"]]', "[0, 'LOC'], which is no [start, end, type]"),
        ("", "[]", "no word in the text"),
    ],
)
def test_places_that_fit_no_words_are_named(write: Write, text: str, marks: str, message: str) -> None:
    good = '{"text": "Rome", "label": [[0, 4, "LOC"]]}\n'
    path = write("a.jsonl", f'{good}{{"text": "{text}", "label": {marks}}}\n')
    *_, row = open_tagged(path, DataOptions(data=path)).rows()
    assert f"a.jsonl:2: found {message}" in str(row.problem)


def test_a_place_in_an_array_is_its_entry(write: Write) -> None:
    path = write("a.json", '[\n{"tokens": ["a"], "tags": ["B-X"]},\n\n{"tokens": ["a"], "tags": []}]\n')
    *_, row = open_tagged(path, DataOptions(data=path)).rows()
    assert str(row.problem).startswith(f"{path}: found in entry 2: 1 words and 0 tags")


def test_the_place_of_a_character_in_its_word_is_left_out(write: Write) -> None:
    path = write("a.txt", "科0 B-ORG\n技1 I-ORG\n20 O\n\n" * 9)
    source = open_tagged(path, DataOptions(data=path))
    assert next(source.rows()).text == ["科", "技", "2"]
    assert source.said.endswith("the number behind each character left out")


def test_numbers_within_other_words_stay(write: Write) -> None:
    path = write("a.txt", "A4 B-ORG\nB5 I-ORG\n技 O\n\n" * 9)
    assert next(open_tagged(path, DataOptions(data=path)).rows()).text == ["A4", "B5", "技"]


@pytest.mark.parametrize(
    "row",
    [
        '"text": "北京很大", "label": {"city": {"北京": [[0, 1]]}}',
        '"text": "北京很大", "entities": [{"id": 1, "label": "city", "start_offset": 0, "end_offset": 2}]',
        '"text": "北京很大", "label": [{"start": 0, "end": 2, "text": "北京", "labels": ["city"]}]',
    ],
)
def test_entities_are_read_as_other_programs_write_them(write: Write, row: str) -> None:
    none = '"text": "好", "label": {}' if "city" in row[:30] else '"text": "好", "entities": [], "label": []'
    path = write("a.jsonl", f"{{{row}}}\n{{{none}}}\n")
    first, second = open_tagged(path, DataOptions(data=path)).rows()
    assert (first.text, first.label) == (list("北京很大"), ["B-city", "I-city", "O", "O"])
    assert second.label == ["O"]


def test_objects_that_are_no_entities_are_named(write: Write) -> None:
    good, bad = (
        '{"text": "好人", "label": {"x": {"好": [[0, 0]]}}}',
        '{"text": "好", "label": {"x": {"好": [[0]]}}}',
    )
    path = write("a.jsonl", f"{good}\n{bad}\n")
    *_, row = open_tagged(path, DataOptions(data=path)).rows()
    assert "a.jsonl:2: found [[0]], which is no [start, end, type]" in str(row.problem)


def test_a_text_with_places_is_predicted_on_as_it_was_written(write: Write) -> None:
    assert not is_tagged(write("a.jsonl", '{"text": "Rome, now", "label": [[0, 4, "LOC"]]}\n'))


def test_a_folder_without_a_train_file_names_what_is_in_it(write: Write) -> None:
    folder = write("d/eng.a", "EU B-ORG\n").parent
    with pytest.raises(DataError, match=r"d: found no train file among eng.a;.*name the file itself"):
        open_tagged(folder, DataOptions(data=folder))


FULL = '[{"id": 1, "annotations": [{"result": [{"value": {"choices": ["joy"]}}]}], "data": {"text": "%s"}}]'


@pytest.mark.parametrize("open_it", [open_tagged, open_labelled])
def test_the_full_export_of_label_studio_wants_its_smaller_form(
    write: Write, open_it: Callable[[Path, DataOptions], AnySource]
) -> None:
    path = write("a.json", FULL % "京" + "\n")
    with pytest.raises(DataError, match=r'a row of Label Studio\'s full JSON.*export .* again as "JSON-MIN"'):
        raise DataError(
            next(row.problem for row in open_it(path, DataOptions(data=path)).rows() if row.problem)
        )


def rows(path: Path) -> list[Row]:
    return list(open_tagged(path, DataOptions(data=path)).rows())


def test_a_broken_line_within_a_sentence_breaks_it_and_the_next_has_its_own_line(write: Write) -> None:
    found = rows(write("a.txt", "京 B-LOC\n\n好 X\n大 O\n\n小 O\n"))
    assert [one.line for one in found] == [1, 3, 6]
    assert [one.problem is not None for one in found] == [False, True, False]


def test_the_mark_of_a_document_is_no_sentence(write: Write) -> None:
    mark = "-DOCSTART- -X- O O\n\n"
    found = rows(write("a.txt", f"{mark}EU NNP B-NP B-ORG\n\n{mark}he PRP B-NP O\n"))
    assert [one.text for one in found] == [["EU"], ["he"]]


def test_a_tag_in_a_list_that_is_none_is_named(write: Write) -> None:
    path = write("a.jsonl", '{"tokens": ["a"], "tags": ["B-X"]}\n{"tokens": ["a"], "tags": ["X"]}\n')
    assert "a.jsonl:2: found the tag 'X'" in str(rows(path)[1].problem)
