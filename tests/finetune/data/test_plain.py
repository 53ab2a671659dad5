"""Texts without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from finetune.data.corpus import read_corpus
from finetune.data.plain import PLAIN
from finetune.errors import DataError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]


def texts(path: Path, **more: Any) -> list[str]:  # noqa: ANN401
    options = DataOptions(data=path, cache_dir=path.parent / "cache", **more)
    return list(read_corpus(options, PLAIN).splits["train"].texts())


@pytest.mark.parametrize("contents", ["", "\ufeff", "\u3000\n\u3000\n", " \n\n", "\ufeff\n"])
def test_a_file_without_a_text_is_refused(write: Write, contents: str) -> None:
    path = write("empty.txt", contents)
    with pytest.raises(DataError, match=r"empty.txt: found (an empty file|no row that can be used)"):
        texts(path)


@pytest.mark.parametrize(
    ("name", "contents", "found"),
    [
        ("a.txt", "好, 很好\n坏, 很坏\n", ["好, 很好", "坏, 很坏"]),
        ("a.txt", "好\t1\n坏很坏\t0\n", ["好", "坏很坏"]),
        ("a.txt", '{"text": "好"}\n{"text": "坏"}\n', ["好", "坏"]),
        ("a.csv", "text,label\n好,\n坏,0\n", ["好", "坏"]),
        ("a.txt", '"好\n很好"\t1\n坏很坏\t0\n', ["好\n很好", "坏很坏"]),
        ("a.txt", '"好\n很好"\n坏很坏\n', ['"好', '很好"', "坏很坏"]),
    ],
)
def test_lines_and_tables_are_told_apart(write: Write, name: str, contents: str, found: list[str]) -> None:
    assert texts(write(name, contents)) == found


def test_a_column_that_is_named_makes_any_file_a_table(write: Write) -> None:
    assert texts(write("a.txt", "n,title\n1,好\n2,坏\n"), text_column="title") == ["好", "坏"]


@pytest.mark.parametrize("names", [("only.txt",), ("books.txt", "dev notes.txt"), ("a.txt", "a.csv")])
def test_a_folder_of_files_needs_no_class_names(write: Write, names: tuple[str, ...]) -> None:
    for name in names:
        folder = write(f"d/{name}", "好\n坏\n").parent
    assert texts(folder) == ["好", "坏"] * len(names)


def test_a_class_file_beside_the_texts_says_nothing(write: Write) -> None:
    write("class.txt", "one class only\n")
    path = write("a.txt", "好\n坏\n")
    corpus = read_corpus(DataOptions(data=path, cache_dir=path.parent / "cache"), PLAIN)
    assert not corpus.labels.names
    assert len(corpus.notes) == 1
