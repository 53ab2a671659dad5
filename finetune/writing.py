"""Writes files and folders that appear whole or not at all, also where the power goes in between."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from safetensors import SafetensorError

from finetune.errors import RequestError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def flush(path: Path) -> None:
    """Bring a file's contents, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_all(folder: Path) -> None:
    """Bring a folder and all that is in it to the disk."""
    for one in folder.rglob("*"):
        flush(one)
    flush(folder)


@contextmanager
def locked(place: Path) -> Iterator[bool]:
    """Hold a file or folder until this process ends, or say that its file system has no locks.

    BlockingIOError says that another process holds it.
    """
    handle = os.open(place, os.O_RDONLY)
    try:
        yield took(handle)
    finally:
        os.close(handle)


def took(handle: int) -> bool:
    """Try to take the lock of an open file; the kernel ends it with the process."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        return False
    return True


def sweep(places: Iterable[Path]) -> None:
    """Delete the folders among these that killed processes left: those that nobody holds."""
    for one in places:
        with suppress(OSError), locked(one) as ours:
            if ours:
                shutil.rmtree(one)


def abandoned(path: Path) -> list[Path]:
    """Name what was prepared beside a folder, and what was moved out of its way once its place is taken."""
    left = rf"\.{re.escape(path.name)}\.\d+" + (r"(\.old)?" if path.exists() else "")
    return [one for one in path.parent.glob(".*") if re.fullmatch(left, one.name)]


def write_text(path: Path, text: str) -> None:
    """Replace a file in one go."""
    work = beside(path)
    try:
        work.write_text(text, encoding="utf-8")
        flush(work)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)
    flush(path.parent)


def write_json(path: Path, contents: object) -> None:
    """Replace a file by JSON that people read too; what JSON has no form for, such as a path, is text."""
    write_text(path, json.dumps(contents, ensure_ascii=False, indent=2, default=str) + "\n")


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """Give a file to write line by line; it takes its place at the end, or vanishes if that never comes."""
    if path.is_dir():
        raise RequestError(f"{path}: found a folder; accepted: a file, such as {path / 'answers.jsonl'}")
    work = beside(path)
    try:
        with work.open("w", encoding="utf-8") as stream:
            yield stream
        flush(work)
        work.replace(path)
    except OSError as error:
        if error.filename != str(work):
            raise
        reason = (error.strerror or str(error)).lower()
        raise RequestError(
            f"{path}: found {reason}; accepted: a file in a folder that you may write to"
        ) from None
    finally:
        work.unlink(missing_ok=True)


def write_folder(path: Path, fill: Callable[[Path], None], *, among_others: bool = False) -> None:
    """Replace a folder: fill it beside its place, then exchange the two; what failed leaves the old one.

    among_others replaces what is in the filled one, each by itself, and leaves alone what else is there.
    """
    work = beside(path)
    try:
        sweep(abandoned(path))
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with locked(work):
            fill(work)
            let_others_read(work)
            flush_all(work)
            for one in sorted(work.iterdir()) if among_others else [work]:
                place = path / one.name if among_others else path
                place.parent.mkdir(exist_ok=True)
                take_place(one, place)
                flush(place.parent)
        sweep(abandoned(path))  # again: what was moved out of the way may go now
    except (OSError, SafetensorError) as error:
        raise WriteError(
            f"{path}: cannot be written ({error}); free some disk space, or name another place, then start "
            "the same command again"
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def let_others_read(folder: Path) -> None:
    """Give files the mode that any new file here has; safetensors and onnx let nobody else read theirs."""
    usual = folder.stat().st_mode & 0o666
    for one in folder.rglob("*"):
        if one.is_file():
            one.chmod(one.stat().st_mode | usual)


def take_place(work: Path, path: Path) -> None:
    """Rename a folder to its place; the one that was there is deleted only once that is done."""
    old = work.with_name(f"{work.name}.old")
    try:
        if path.exists():
            path.rename(old)
        work.rename(path)
    except BaseException:  # an interrupt too
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def refuse_other_files(path: Path, option: str, *marks: str) -> None:
    """Let a folder be replaced if it is new, empty, or holds the files by which we know our own."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not all((path / one).is_file() for one in marks):
        raise RequestError(f"{path}: found other files there; give {option} a new or empty folder")


def unusable(option: str, path: Path, error: OSError) -> RequestError:
    """Say that a folder cannot be made, or cannot be written to."""
    reason = (error.strerror or str(error)).lower()
    return RequestError(f"{option} {path}: {reason}; accepted: a folder that you may write to")


def beside(path: Path) -> Path:
    """Name the place where something is prepared; it is on the same disk."""
    return path.with_name(f".{path.name}.{os.getpid()}")
