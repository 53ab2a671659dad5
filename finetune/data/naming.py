"""Reads from the names in a folder which split a file holds, or which class."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.data.columnar import without_shard
from finetune.data.lines import bare_suffix
from finetune.data.records import KNOWN_SUFFIXES
from finetune.data.width import fold
from finetune.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "test": ("test", "testing"),
}
SPLIT_OF = {word: split for split, words in SPLIT_NAMES.items() for word in words}
ENDINGS = {"testa": "validation", "testb": "test"}  # eng.testa of CoNLL-2003; not a contest's testA.csv
NO_TEXTS = ("readme", "license", "licence", "copying")  # files that lie beside texts and are none
PACKED, FORMATS = (".gz", ".xz"), (".txt", ".parquet", *KNOWN_SUFFIXES)
PART = re.compile(r"part-\d{3,}", re.IGNORECASE)  # as Spark and others name the parts of a table
TABLES = (".parquet", ".arrow", *KNOWN_SUFFIXES)
LOOK_AT = 200
ONE_BY_ONE = "name the file itself, in training with --train-file, --validation-file and --test-file"


def hidden(name: str) -> bool:
    """Tell what lies in a folder of texts without being one: .DS_Store, __MACOSX, README.md."""
    return name.startswith((".", "_")) or name.partition(".")[0].casefold() in NO_TEXTS


def class_of(name: str) -> str:
    """Take the name of the file for its class: comp.graphics.txt.gz holds comp.graphics."""
    for suffixes in (PACKED, FORMATS):
        name = next((name[: -len(one)] for one in suffixes if name.lower().endswith(one)), name)
    return fold(name)


def words_of(name: str) -> list[str]:
    """Cut a name at whatever is no letter or digit, and keep that: cnews.train is cnews, a dot and train."""
    return re.split(r"([\W_]+)", class_of(name).casefold())


def splits_in(folder: Path) -> dict[str, Path]:
    """Find train.txt, train.csv.gz, the folder train or the first part of a split, and the other splits.

    Without these, files count that are named alike but for the split. Two candidates are an error, no guess.
    """
    there = sorted((one for one in folder.iterdir() if not hidden(one.name)), reverse=True)
    entries = {without_shard(one.name): one for one in there}
    splits = {name: SPLIT_OF.get(name.partition(".")[0].casefold(), "") for name in sorted(entries)}
    if "train" not in splits.values():
        splits = named_alike(sorted(entries))
    found: dict[str, Path] = {}
    for split in SPLIT_NAMES:
        paths = [entries[name] for name, one in splits.items() if one == split]
        if len(paths) > 1:
            said = f"{', '.join(one.name for one in paths)} for one split"
            raise DataError(Problem(folder, None, said, "one file", ONE_BY_ONE))
        if paths:
            found[split] = paths[0]
    return found


def named_alike(names: Iterable[str]) -> dict[str, str]:
    """Give the split of each name that has a twin: cnews.train.txt and cnews.test.txt differ in that word."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        words = words_of(name)
        for at, word in enumerate(words):
            split = SPLIT_OF.get(word) or (ENDINGS.get(word) if words[at - 1 : at] == ["."] else None)
            if split:
                pattern = "".join((*words[:at], "*", *words[at + 1 :]))
                groups.setdefault(pattern, {})[name] = split
    twins = [group for group in groups.values() if "train" in group.values() and len({*group.values()}) > 1]
    return {name: split for group in twins for name, split in group.items()}


def must_be_classes(folder: Path, files: Sequence[Path]) -> None:
    """Refuse files whose names are not those of several classes."""
    if len(files) < 2:
        found = f"{files[0].name} alone" if files else "no file"
        expected = "train.txt (or .csv, .tsv, .jsonl), a folder per class, or a file per class"
        raise DataError(
            Problem(folder, None, found, expected, "put the files there, or name the file itself")
        )
    seen: dict[str, str] = {}
    for one in files:
        label = class_of(one.name)
        if PART.match(label):
            found, todo = (
                f"{one.name}, which is named as a part of a table",
                "put the parts into one file, and name it",
            )
            raise DataError(Problem(folder, None, found, "a file per class, or train.txt and others", todo))
        if not SPLIT_OF.keys().isdisjoint(words_of(one.name)):
            found = f"{one.name}, which is named as a split"
            todo = f"{ONE_BY_ONE}, or rename what is a class"
            raise DataError(Problem(folder, None, found, "a file per class, or train.txt and others", todo))
        if label in seen:
            found = f"{seen[label]} and {one.name} for the class {label!r}"
            raise DataError(Problem(folder, None, found, "one file per class", "put them together"))
        seen[label] = one.name


def must_be_texts(folder: Path, *, labelled: bool) -> None:
    """Refuse a class folder that holds tables or splits: each file in it would be one text of the class."""
    for folder_of, _, files in islice(os.walk(folder), LOOK_AT):
        names = sorted(one for one in files if not hidden(one))[:LOOK_AT]
        table = next((one for one in names if bare_suffix(Path(one)) in TABLES), None)
        if table is not None:
            found = f"the table {table} in a folder of texts"
            todo = f"{ONE_BY_ONE}, or write each class into one file: pos.csv and neg.csv"
            raise DataError(Problem(Path(folder_of), None, found, "a text in each file", todo))
        split = SPLIT_OF.get(class_of(Path(folder_of).name).casefold()) if folder_of != str(folder) else None
        named = [one for one in names if class_of(one).casefold() in SPLIT_OF] or list(named_alike(names))
        if labelled and (split or named):
            found = f"{', '.join(named[:3]) or 'a folder'}, named as a split, in the folder of a class"
            todo = f"give that folder to --data: {folder}"
            raise DataError(Problem(Path(folder_of), None, found, "a text in each file", todo))
