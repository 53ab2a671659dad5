"""Keeps tables as memory-mapped Arrow files in cache folders that appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from finetune.writing import flush_all, locked, sweep, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

Meta = dict[str, Any]
CHUNK = 8192


@dataclass(frozen=True)
class Stored:
    """A table on disk and what was noted when it was made; fresh says that this start made it."""

    table: pa.Table
    meta: Meta
    fresh: bool
    path: Path | None = None

    @property
    def folder(self) -> Path | None:
        """Where the table lies, if it lies on disk."""
        return self.path.parent if self.path else None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the table from front to back; memory holds one batch, and no mapped page stays behind."""
        if self.path is None:
            yield from self.table.to_batches()
            return
        with pa.OSFile(str(self.path)) as file:
            reader = pa.ipc.open_file(file)
            yield from map(reader.get_batch, range(reader.num_record_batches))


def default_cache() -> Path:
    """Lie beside the Hugging Face cache, which the container keeps on a volume."""
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    return Path(home) / "finetune"


def fingerprint(*parts: object) -> str:
    """Hash settings that decide what a cache holds."""
    return hashlib.blake2b(
        json.dumps(parts, default=str, sort_keys=True).encode(), digest_size=16
    ).hexdigest()


def file_fingerprint(paths: Iterable[Path], root: Path) -> str:
    """Hash names and contents, so that a copy is known again and a changed or moved file is not.

    A name is the way from the root, whose folders may be classes.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        name = path.name if path == root else path.relative_to(root)
        digest.update(os.fsencode(name) + b"\0%d\0" % path.stat().st_size)
        for block in blocks(path):
            digest.update(block)
    return digest.hexdigest()


def blocks(path: Path) -> Iterator[bytes]:
    """Read a file a megabyte at a time."""
    with path.open("rb") as file:
        yield from iter(lambda: file.read(1 << 20), b"")


def stored(folder: Path, schema: pa.Schema, make: Callable[[Meta], Iterable[dict[str, list[Any]]]]) -> Stored:
    """Open the table in this folder, making it first if it is not there, or is damaged.

    `make` yields chunks of columns and may note things in the mapping that it is given.
    """
    try:
        return opened(folder, fresh=False)
    except (OSError, ValueError):
        with workplace(folder.parent) as work:
            damaged = folder.exists()
            write(work, schema, make)
            if damaged:
                shutil.rmtree(folder)
            put_in_place(work, folder, "meta.json")
    return opened(folder, fresh=True)


def opened(folder: Path, *, fresh: bool) -> Stored:
    """Map a table that is there; a ValueError says that it is damaged."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    path = folder / "table.arrow"
    if not fresh and meta.get("checksum") != checksum(path):
        raise ValueError(path)
    return Stored(pa.ipc.open_file(pa.memory_map(str(path))).read_all(), meta, fresh, path)


def write(folder: Path, schema: pa.Schema, make: Callable[[Meta], Iterable[dict[str, list[Any]]]]) -> None:
    """Stream the chunks to disk; memory holds one chunk."""
    meta: Meta = {}
    with pa.OSFile(str(folder / "table.arrow"), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for chunk in make(meta):
            writer.write_batch(pa.record_batch(chunk, schema=schema))
    meta["checksum"] = checksum(folder / "table.arrow")
    (folder / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def checksum(path: Path) -> int:
    """Sum up a file: two gigabytes a second, so that what a disk damaged is not taken for texts or tokens."""
    found = 0
    for block in blocks(path):
        found = zlib.crc32(block, found)
    return found


@contextmanager
def workplace(parent: Path) -> Iterator[Path]:
    """Make a folder that is gone afterwards, unless it was renamed."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent.glob(".making-*"))
        work = Path(tempfile.mkdtemp(prefix=".making-", dir=parent))
    except OSError as error:
        raise unusable("--cache-dir", parent, error) from None
    try:
        with locked(work):
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def put_in_place(work: Path, folder: Path, mark: str) -> None:
    """Rename the finished folder; where another process was faster, its result is as good."""
    flush_all(work)
    try:
        work.rename(folder)
    except OSError:
        if not (folder / mark).is_file():
            raise


def chunks(rows: Iterable[tuple[Any, ...]], names: Sequence[str]) -> Iterator[dict[str, list[Any]]]:
    """Turn rows into columns, some thousands at a time."""
    source = iter(rows)
    while some := list(islice(source, CHUNK)):
        yield {name: list(column) for name, column in zip(names, zip(*some, strict=True), strict=True)}


class Ragged:
    """Rows of different length in a list column, as numpy views on the mapped file."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._chunks = [(one.offsets.to_numpy(), one.values.to_numpy()) for one in column.chunks]
        self._starts = np.cumsum([0, *(len(one) for one in column.chunks)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        """Give one row without copying it."""
        chunk = int(np.searchsorted(self._starts, index, side="right")) - 1
        offsets, values = self._chunks[chunk]
        row = index - self._starts[chunk]
        view: NDArray[np.int32] = values[offsets[row] : offsets[row + 1]]
        return view
