"""Reads tagged sentences: a word and its tag a line and blank lines between, or lists of both in a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from finetune.data.columnar import is_saved, shards
from finetune.data.columns import SAMPLE_ROWS
from finetune.data.lines import ENCODINGS, TextFile, bare_suffix, open_text, undecoded
from finetune.data.marked import PLACES, are_chinese, full_export, is_marked, marks_in, tagged_words
from finetune.data.naming import ONE_BY_ONE, hidden
from finetune.data.records import JSON, Record, Table, find_format, open_table
from finetune.data.rows import Row, entry, files_below
from finetune.data.shape import AnySource, Shape
from finetune.data.tags import is_tag, scheme, spans
from finetune.data.width import fold
from finetune.errors import DataError, Problem
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finetune.options import DataOptions

WORD_KEYS = ("tokens", "words", "text", "chars")
TAG_KEYS = ("tags", "ner_tags", "labels", "label")
LOOK_AT = 2000
PLACED = re.compile(r".\d{1,2}", re.ASCII)
WORDS_SURE, MOST_PLACED = 10, 0.95
LINES_SURE = 20  # so many sentences without a fault are no texts that happen to look so
EXPECTED = (
    "a word and its tag with white space between, such as '京 B-LOC', and a blank line after each sentence"
)


@dataclass(frozen=True)
class TaggedFile:
    """Tagged sentences that were looked at: a file of columns, or tables of lists, the parts of a split."""

    said: str
    root: Path
    sources: tuple[TextFile | Table, ...]
    names: tuple[str, ...] = ()
    columns: None = None
    numbered: bool = False

    @property
    def formats(self) -> frozenset[str]:
        """The formats of its tables, as records.FORMATS has them."""
        return frozenset(one.format for one in self.sources if isinstance(one, Table))

    def files(self) -> Iterator[Path]:
        """Yield the files it is made of."""
        return chain.from_iterable(files_below(one.path) for one in self.sources)

    def rows(self) -> Iterator[Row]:
        """Yield the sentences."""
        for one in self.sources:
            rows = sentences(one) if isinstance(one, TextFile) else listed(one)
            rows = map(entry, rows) if isinstance(one, Table) and one.format == "array" else rows
            yield from map(without_places, rows) if self.numbered else rows


def open_tagged(path: Path, _options: DataOptions) -> AnySource:
    """Look at the first sentences and name the scheme."""
    if path.is_dir() and not is_saved(path):
        raise DataError(without_train(path))
    sources = tuple(open_either(one) for one in shards(path))
    source = sources[0]
    root = path if len(sources) == 1 else path.parent
    looked = TaggedFile("", root, sources, tag_names(source))
    first_rows = [row for row in islice(looked.rows(), LOOK_AT) if row.problem is None]
    found = [row.label for row in first_rows]
    numbered = have_places([word for row in first_rows for word in row.text])
    marks = {tag[0] for tags in (looked.names, *found) for tag in tags if "-" in tag}
    if not marks:
        first = next((row.problem for row in looked.rows() if row.problem), None)
        raise DataError(first or Problem(path, 1, "no tag but O", EXPECTED, "check the last column"))
    layout = f"a word and its tag a line, {source.encoding}" if isinstance(source, TextFile) else source.said
    parts = "" if len(sources) == 1 else f", {len(sources)} files"
    left_out = ", the number behind each character left out" if numbered else ""
    said = f"{path}: {layout}, {scheme(marks, found)} tags{parts}{left_out}"
    return replace(looked, said=said, numbered=numbered)


def without_train(folder: Path) -> Problem:
    """Name what lies in a folder without training sentences."""
    names = ", ".join(sorted(one.name for one in folder.iterdir() if not hidden(one.name))[:8])
    found = f"no train file among {names}" if names else "nothing in it"
    return Problem(folder, None, found, "train.txt, dev.txt and test.txt", ONE_BY_ONE)


def have_places(words: list[str]) -> bool:
    """Tell whether each character has its place in its word behind it, as in Weibo NER: 科0, 技1, 全0."""
    found = sum(PLACED.fullmatch(word) is not None for word in words)
    return len(words) >= WORDS_SURE and found > MOST_PLACED * len(words)


def without_places(row: Row) -> Row:
    """Take these places off."""
    if row.problem is not None:
        return row
    return replace(row, text=[word[0] if PLACED.fullmatch(word) else word for word in row.text])


def is_tagged(path: Path) -> bool:
    """Tell sentences whose words have tags from texts."""
    try:
        sources = tuple(open_either(one) for one in shards(path))
    except DataError:
        return False
    if any(isinstance(one, Table) and any(is_marked(*pair(row)) for row in sample(one)) for one in sources):
        return False  # the text is there as it was written
    first = list(islice(TaggedFile("", path, sources).rows(), LOOK_AT))
    return any(row.problem is None and entity_kinds(row.label) for row in first) and not any(
        row.problem for row in first[:LINES_SURE]
    )


def open_either(path: Path) -> TextFile | Table:
    """Open a table of lists where the file is one, else take it for columns."""
    if not is_saved(path) and bare_suffix(path) != ".parquet":
        file = open_text(path)
        if find_format(file) not in JSON:
            return file
    return open_table(path, lambda _: True)


def tag_names(source: TextFile | Table) -> tuple[str, ...]:
    """Take the tags that a saved data set lists."""
    known = {} if isinstance(source, TextFile) else source.class_names
    return next((known[key] for key in TAG_KEYS if key in known), ())


def sentences(file: TextFile) -> Iterator[Row]:
    """Gather lines into sentences; a broken line makes its whole sentence a problem."""
    words: list[str] = []
    tags: list[str] = []
    first, problem = 0, None
    for number, line in file.lines():
        parts = cells(line)
        if not parts or parts[0] == "-DOCSTART-":
            if words or problem:
                yield Row(file.path, first, words, tags, problem)
            words, tags, problem = [], [], None
            continue
        first = first if words or problem else number
        problem = problem or broken(file.path, number, line, parts)
        words.append(parts[0])
        tags.append(fold_tag(parts[-1]))
    if words or problem:
        yield Row(file.path, first, words, tags, problem)


def cells(line: str) -> list[str]:
    """Split at tabs, else at spaces; a full-width space is a separator only where there is no other.

    It may be the word itself: "\u3000 O" is two cells, and "京\u3000B-LOC" too.
    """
    stripped = line.strip(" \t\n")
    for separator in ("\t", " ", "\u3000"):
        if separator in stripped:
            return [one for one in stripped.split(separator) if one]
    return [stripped] if stripped.strip() else []


def fold_tag(tag: object) -> str:
    """Write a tag in half width: "Ｂ－ＬＯＣ" is "B-LOC"."""
    return fold(str(tag).strip()).replace("－", "-")


def broken(path: Path, number: int, line: str, parts: list[str]) -> Problem | None:
    """Say what is wrong with a line."""
    found = undecoded(line)
    if found:
        return Problem(path, number, found, *ENCODINGS)
    if len(parts) >= 2 and is_tag(fold_tag(parts[-1])):
        return None
    found = f"the tag {shorten(parts[-1])}" if len(parts) >= 2 else f"{len(parts)} column: {shorten(parts)}"
    return Problem(path, number, found, EXPECTED, "mend the line")


def listed(table: Table) -> Iterator[Row]:
    """Read {"tokens": [...], "tags": [...]} a row, or a text with the places of its entities.

    The text may be a string of characters.
    """
    characters = are_chinese(pair(one)[0] for one in sample(table))
    for record in table.records():
        words, tags = pair(record)
        if record.problem is None and is_marked(words, tags):
            yield marked(table.path, record.line, words, tags, characters=characters)
            continue
        problem = record.problem or full_export(table.path, record.line, record.values)
        problem = problem or mismatch(table.path, record.line, words, tags)
        if problem:
            yield Row(table.path, record.line, problem=problem)
        else:
            yield Row(table.path, record.line, list(map(str, words)), list(map(fold_tag, tags)))


def sample(table: Table) -> Iterator[Record]:
    """Read the first rows."""
    return islice(table.records(), SAMPLE_ROWS)


def pair(record: Record) -> tuple[Any, Any]:
    """Take words and tags, or a text and the places of its entities, out of a row."""
    marks = marks_in(record.values)
    tags = first_of(record.values, TAG_KEYS) if marks is None else marks
    return first_of(record.values, WORD_KEYS), tags


def marked(path: Path, line: int, text: str, marks: list[Any], *, characters: bool) -> Row:
    """Make a sentence of a text whose entities are given by their places."""
    try:
        words, tags = tagged_words(text, marks, characters=characters)
    except ValueError as error:
        return Row(path, line, problem=Problem(path, line, str(error), PLACES, "mend the row"))
    return Row(path, line, words, tags)


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
    wrong = [tag for tag in tags if not isinstance(tag, str) or not is_tag(fold_tag(tag))]
    if not wrong:
        return None
    return Problem(
        path, line, f"the tag {shorten(wrong[0])}", "O, or B-, I-, M-, E-, S- and a type", "mend it"
    )


def entity_kinds(tags: Any) -> tuple[str, ...]:  # noqa: ANN401 - a stored label
    """List the entity types in a sentence."""
    return tuple(dict.fromkeys(one.kind for one in spans(tags)))


def listed_kinds(name: str) -> tuple[str, ...]:
    """Read a line of a class file, which may list types or tags: LOC and B-LOC are LOC, O is none."""
    tag = fold_tag(name)
    return entity_kinds([tag]) if is_tag(tag) else (name,)


WORDS = pa.list_(pa.string())
TAGGED = Shape("tagged words", WORDS, WORDS, open_tagged, entity_kinds, 1, listed_kinds)
