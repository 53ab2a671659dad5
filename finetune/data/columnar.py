"""Reads what is stored by columns: Parquet files, and folders that datasets.save_to_disk() wrote."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetune.data.width import fold
from finetune.errors import DataError, Problem
from finetune.wording import first_line, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

BATCH = 4096
NOTES = b"huggingface"  # where datasets writes what it knows of the columns
# as datasets and the hub name the parts of a split, with or without a hash of each
SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(-[0-9a-f]{16})?\.parquet")


@dataclass(frozen=True)
class Columnar:
    """An opened store: its columns, and its batches on demand, so that memory holds one of them."""

    path: Path
    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]

    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Name the classes of each column of class numbers, where datasets noted them."""
        try:
            features = json.loads((self.schema.metadata or {}).get(NOTES, b"{}"))["info"]["features"]
            found = {column: names_in(feature) for column, feature in features.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}
        return {column: names for column, names in found.items() if names}

    def values(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, class numbers as names."""
        named = self.class_names()
        for batch in sound(self.path, self.batches()):
            for row in batch.to_pylist():
                for column, names in named.items():
                    row[column] = spelt(row[column], names)
                yield row


def is_saved(path: Path) -> bool:
    """Tell whether this folder is one saved data set."""
    return (path / "state.json").is_file() and (path / "dataset_info.json").is_file()


def without_shard(name: str) -> str:
    """Name the split of a part: train-00001-of-00002.parquet belongs to train.parquet."""
    return SHARD.sub(r"\g<split>.parquet", name)


def shards(path: Path) -> list[Path]:
    """List the parts of a split, whichever of them is named; any other path stands for itself."""
    found = SHARD.fullmatch(path.name)
    if found is None:
        return [path]
    split, count = found["split"], int(found["count"])
    beside = {one: SHARD.fullmatch(one.name) for one in sorted(path.parent.iterdir())}
    numbers = {
        one: int(part["number"])
        for one, part in beside.items()
        if part and (part["split"], part["count"]) == (split, found["count"])
    }
    absent = [
        f"{split}-{one:05}-of-{count:05}.parquet" for one in range(count) if one not in numbers.values()
    ]
    if absent:
        there = f"{count - len(absent)} of the {count} parts"
        todo = f"copy {shorten(', '.join(absent), 200)} beside it"
        raise DataError(Problem(path, None, there, "all of them", todo))
    if len(numbers) > count:
        there, todo = f"{len(numbers)} files for {count} parts", "remove what is of another version"
        raise DataError(Problem(path, None, there, "one for each", todo))
    return list(numbers)


def open_columnar(path: Path) -> Columnar:
    """Open a Parquet file or a saved data set, or say that it is none."""
    if path.is_dir():
        return open_saved(path)
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 - half a second that other formats need not wait for

    try:
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
    except (OSError, ValueError, ArrowException) as error:  # a name that is no UTF-8 is a ValueError
        raise damaged(path, error) from None
    return Columnar(path, schema, lambda: file.iter_batches(batch_size=BATCH))


def open_saved(path: Path) -> Columnar:
    """Map the Arrow files of a saved data set."""
    from datasets import load_from_disk  # noqa: PLC0415 - seconds that other formats need not wait for

    try:
        table = load_from_disk(str(path)).data.table
    except Exception as error:  # noqa: BLE001 - the loader of a damaged folder raises whatever it stumbles over
        raise damaged(path, error) from None
    return Columnar(path, table.schema, lambda: iter(table.to_batches(max_chunksize=BATCH)))


def sound(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the batches; damage in the middle is the user's error, not ours."""
    from pyarrow import ArrowException  # noqa: PLC0415 - see open_columnar

    try:
        for batch in batches:
            batch.validate(full=True)
            yield batch
    except (OSError, ArrowException) as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> DataError:
    """Say what could not be opened."""
    wanted = "a folder that datasets.save_to_disk() wrote" if path.is_dir() else "a Parquet file"
    return DataError(Problem(path, None, first_line(error), wanted, "check the path, or export it again"))


def names_in(feature: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    """Find the class names in the description of a column, or of a list's items."""
    if isinstance(feature, list):
        return names_in(feature[0])
    if "names" in feature and feature.get("_type") == "ClassLabel":
        return tuple(fold(name) for name in feature["names"])
    return names_in(feature["feature"]) if "feature" in feature else ()


def spelt(value: Any, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - a number or a list of them
    """Write class numbers as names: 1 of (neg, pos) is pos; -1 stands for no label; others stay."""
    if isinstance(value, list):
        return [spelt(one, names) for one in value]
    if value == -1:
        return None
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value
