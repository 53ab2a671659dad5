"""Finds the splits in what the user named: train, dev and test files, one file, folders, a hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.data.columnar import is_saved, without_shard
from finetune.data.hub import fetch, is_hub_name
from finetune.data.store import default_cache
from finetune.errors import DataError, Problem, RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.options import DataOptions

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "test": ("test", "testing"),
}
CLASS_FILES = ("class.txt", "classes.txt", "labels.txt", "label.txt")


@dataclass(frozen=True)
class Sources:
    """Where each split is read from; a split that is None is made from train or left out."""

    train: Path
    validation: Path | None = None
    test: Path | None = None
    class_file: Path | None = None


def find_sources(options: DataOptions) -> Sources:
    """Look at the folder or file that the user named."""
    if options.data is None:
        assert options.train_file is not None  # noqa: S101 - DataOptions checks that one of the two is given
        found = Sources(must_exist(options.train_file), None, None, class_file_near(options.train_file))
    else:
        found = from_path(local_path(options.data, options))
    return Sources(
        found.train,
        named(options.validation_file) or found.validation,
        named(options.test_file) or found.test,
        named(options.class_file) or found.class_file,
    )


def must_exist(path: Path) -> Path:
    """Refuse a path that is not there."""
    if path.is_file() or path.is_dir():
        return path
    if path.exists():
        raise RequestError(f"{path}: found neither a file nor a folder; copy what it gives into a file")
    raise RequestError(absent(path))


def absent(path: Path) -> str:
    """Say that a path is not there, naming what is beside it."""
    there = path.parent.iterdir() if path.parent.is_dir() else ()
    beside = sorted(one.name for one in there if not one.name.startswith("."))[:8]
    hint = f"; beside it: {', '.join(beside)}" if beside else ""
    hint = hint if path.parent.is_dir() else f"; {path.parent} does not exist either"
    return f"{path}: there is no such file or folder{hint}; correct the path"


def local_path(path: Path, options: DataOptions) -> Path:
    """Take what lies here, else the hub data set of this name."""
    if path.exists() or not is_hub_name(path):
        return must_exist(path)
    try:
        return fetch(str(path), options.dataset_config_name, options.cache_dir or default_cache())
    except RequestError as error:
        raise RequestError(f"{absent(path)}\n{error}") from None


def named(path: Path | None) -> Path | None:
    """Check a path only if it was given."""
    return None if path is None else must_exist(path)


def from_path(path: Path) -> Sources:
    """Tell the layout of a folder; a file is its own training split."""
    if path.is_file() or is_saved(path):
        return Sources(path, class_file=class_file_near(path))
    by_split = {name: split_in(path, words) for name, words in SPLIT_NAMES.items()}
    train = by_split["train"]
    inner = path / "data"  # where the hub keeps the files of a data set
    if train is None and inner.is_dir() and split_in(inner, SPLIT_NAMES["train"]):
        return from_path(inner)
    if train is None and (path / "dataset_dict.json").is_file():
        train = only_split(path)
    if train is None:
        return Sources(folder_of_texts(path))
    return Sources(train, by_split["validation"], by_split["test"], class_file_near(train))


def only_split(path: Path) -> Path:
    """Take the one split of a saved data set that has no train split; with several, the user must choose."""
    found = [one for one in sorted(path.iterdir()) if is_saved(one)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in found) or "no split"
    todo = "name the folder to train on with --train-file"
    raise DataError(Problem(path, None, names, "a split that is called train", todo))


def split_in(folder: Path, words: tuple[str, ...]) -> Path | None:
    """Find train.txt, train.csv.gz, the folder train or the first part of a split.

    Two candidates are an error, not a guess.
    """
    entries = {without_shard(one.name): one for one in sorted(folder.iterdir(), reverse=True)}
    found = [one for name, one in sorted(entries.items()) if name.split(".")[0].casefold() in words]
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        todo = "name the right one with --train-file, --validation-file, --test-file"
        raise DataError(Problem(folder, None, f"{names} for one split", "one file", todo))
    return found[0] if found else None


def folder_of_texts(path: Path) -> Path:
    """Accept a folder that holds class folders or a file per class."""
    if sum(1 for one in path.iterdir() if not one.name.startswith(".")) > 1:
        return path
    expected = "train.txt (or .csv, .tsv, .jsonl), a folder per class, or a file per class"
    raise DataError(
        Problem(path, None, "none of these", expected, "put the files there or name them one by one")
    )


def class_file_near(path: Path) -> Path | None:
    """Find class.txt beside the training file."""
    return next((path.parent / name for name in CLASS_FILES if (path.parent / name).is_file()), None)
