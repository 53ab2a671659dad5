"""Finds the splits in what the user named: train, dev and test files, one file, folders, a hub name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.data.columnar import is_saved
from finetune.data.hub import fetch, is_hub_name
from finetune.data.naming import splits_in
from finetune.data.store import default_cache
from finetune.errors import DataError, Problem, RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from finetune.options import DataOptions

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
    splits = splits_in(path)
    train = splits.get("train")
    inner = path / "data"  # where the hub keeps the files of a data set
    if train is None and inner.is_dir() and "train" in splits_in(inner):
        return from_path(inner)
    if train is None and (path / "dataset_dict.json").is_file():
        train = only_split(path)
    if train is None:
        return Sources(path)  # class folders or a file per class
    return Sources(train, splits.get("validation"), splits.get("test"), class_file_near(train))


def only_split(path: Path) -> Path:
    """Take the one split of a saved data set that has no train split; with several, the user must choose."""
    found = [one for one in sorted(path.iterdir()) if is_saved(one)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in found) or "no split"
    todo = "name the folder to train on with --train-file"
    raise DataError(Problem(path, None, names, "a split that is called train", todo))


def class_file_near(path: Path) -> Path | None:
    """Find class.txt beside the training file."""
    return next((path.parent / name for name in CLASS_FILES if (path.parent / name).is_file()), None)
