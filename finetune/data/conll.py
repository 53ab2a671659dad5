"""Reads tagged sentences: a word and its tag a line and blank lines between, or JSON lines of both lists."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from finetune.data.lines import TextFile, open_text
from finetune.data.records import find_format, json_records
from finetune.data.rows import Row
from finetune.data.shape import AnySource, Shape
from finetune.data.tags import is_tag, scheme, spans
from finetune.errors import DataError, Problem, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finetune.options import DataOptions

WORD_KEYS = ("tokens", "words", "text", "chars")
TAG_KEYS = ("tags", "ner_tags", "labels", "label")
LOOK_AT = 2000
EXPECTED = (
    "a word and its tag with white space between, such as '京 B-LOC', and a blank line after each sentence"
)


@dataclass(frozen=True)
class TaggedFile:
    """A file of tagged sentences that was looked at."""

    file: TextFile
    kind: str
    said: str

    @property
    def files(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.file.path,)

    def rows(self) -> Iterator[Row]:
        """Yield the sentences."""
        return json_sentences(self.file) if self.kind == "jsonl" else sentences(self.file)


def open_tagged(path: Path, _options: DataOptions) -> AnySource:
    """Look at the first sentences and name the scheme."""
    file = open_text(path)
    kind = "jsonl" if find_format(file) == "jsonl" else "columns"
    looked = TaggedFile(file, kind, "")
    tags = {tag for row in islice(looked.rows(), LOOK_AT) if row.problem is None for tag in row.label}
    marks = {tag[0] for tag in tags if "-" in tag}
    if not marks:
        first = next((row.problem for row in looked.rows() if row.problem), None)
        raise DataError(first or Problem(path, 1, "no tag but O", EXPECTED, "check the last column"))
    layout = "JSON lines" if kind == "jsonl" else "a word and its tag a line"
    return TaggedFile(file, kind, f"{path}: {layout}, {file.encoding}, {scheme(marks)} tags")


def sentences(file: TextFile) -> Iterator[Row]:
    """Gather lines into sentences; a broken line makes its whole sentence a problem."""
    words: list[str] = []
    tags: list[str] = []
    first, problem = 0, None
    for number, line in file.lines():
        parts = line.split()
        if not parts or parts[0] == "-DOCSTART-":
            if words or problem:
                yield Row(file.path, first, words, tags, problem)
            words, tags, problem = [], [], None
            continue
        first = first if words or problem else number
        wrong = broken(parts)
        problem = problem or (Problem(file.path, number, wrong, EXPECTED, "mend the line") if wrong else None)
        words.append(parts[0])
        tags.append(parts[-1])
    if words or problem:
        yield Row(file.path, first, words, tags, problem)


def broken(parts: list[str]) -> str | None:
    """Say what is wrong with a line."""
    if len(parts) < 2:
        return f"{len(parts)} column: {shorten(parts)}"
    return None if is_tag(parts[-1]) else f"the tag {shorten(parts[-1])}"


def json_sentences(file: TextFile) -> Iterator[Row]:
    """Read {"tokens": [...], "tags": [...]} a line; the text may be a string of characters."""
    for record in json_records(file):
        words = first_of(record.values, WORD_KEYS)
        tags = first_of(record.values, TAG_KEYS)
        problem = record.problem or mismatch(file.path, record.line, words, tags)
        yield Row(file.path, record.line, [] if problem else list(map(str, words)), tags, problem)


def first_of(values: dict[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - a JSON value
    """Take the first of these keys that is there."""
    return next((values[key] for key in keys if key in values), None)


def mismatch(path: Path, line: int, words: Any, tags: Any) -> Problem | None:  # noqa: ANN401 - JSON values
    """Check that there is a tag for each word."""
    expected = 'as many "tags" as "tokens", such as {"tokens": ["北", "京"], "tags": ["B-LOC", "I-LOC"]}'
    if not isinstance(words, (list, str)) or not isinstance(tags, list):
        return Problem(path, line, "no list of words with a list of tags", expected, "add them")
    if len(words) != len(tags) or not words:
        return Problem(path, line, f"{len(words)} words and {len(tags)} tags", expected, "mend the row")
    wrong = [tag for tag in tags if not isinstance(tag, str) or not is_tag(tag)]
    if not wrong:
        return None
    return Problem(
        path, line, f"the tag {shorten(wrong[0])}", "O, or B-, I-, M-, E-, S- and a type", "mend it"
    )


def entity_kinds(tags: Any) -> tuple[str, ...]:  # noqa: ANN401 - a stored label
    """List the entity types in a sentence."""
    return tuple(dict.fromkeys(one.kind for one in spans(tags)))


TAGGED = Shape(
    "tagged words", pa.list_(pa.string()), pa.list_(pa.string()), open_tagged, entity_kinds, fewest_labels=1
)
