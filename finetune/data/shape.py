"""What the rows of a kind of task look like: how they are opened and stored, and which label names occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from finetune.data.cells import join_names, split_names
from finetune.data.labels import several_notes, spelling_notes
from finetune.data.rows import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from finetune.data.columns import Columns
    from finetune.data.rows import Row
    from finetune.options import DataOptions


class AnySource(Protocol):
    """A source that was looked at."""

    @property
    def said(self) -> str:
        """What was detected."""

    @property
    def root(self) -> Path:
        """The file or folder."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes or tags that the source itself lists, in the order of their numbers; mostly none."""

    @property
    def columns(self) -> Columns | None:
        """The columns that were found, where it is one table."""

    @property
    def formats(self) -> frozenset[str]:
        """The formats of its tables, as records.FORMATS has them."""

    def files(self) -> Iterator[Path]:
        """Yield the files it is made of."""

    def rows(self) -> Iterator[Row]:
        """Yield its rows."""


def one_name(label: Any) -> tuple[str, ...]:  # noqa: ANN401 - a cell of a table
    """Take the cell for the name."""
    return (str(label),)


@dataclass(frozen=True)
class Shape:
    """How rows are opened and stored; names lists the label names in one stored label.

    And listed those in one line of a class file: a tag such as B-LOC stands for its type. Doubts says what
    looks like a mistake in the names. Cell is the inverse of names.
    """

    key: str
    text_type: pa.DataType
    label_type: pa.DataType
    open: Callable[[Path, DataOptions], AnySource]
    names: Callable[[Any], tuple[str, ...]]
    fewest_labels: int = 2
    listed: Callable[[str], tuple[str, ...]] = one_name
    doubts: Callable[[Sequence[str]], list[str]] = spelling_notes
    cell: Callable[[Iterable[str]], Any] = "".join

    def held(self, label: Any) -> tuple[str, ...]:  # noqa: ANN401 - a stored label
        """List the labels in their order, each once: "joy, anger" is ("anger", "joy")."""
        return tuple(sorted(set(self.names(label))))

    @property
    def schema(self) -> pa.Schema:
        """The columns of the stored rows."""
        place = [("line", pa.int64()), ("file", pa.string()), ("digest", pa.int64())]
        return pa.schema([("text", self.text_type), ("label", self.label_type), *place])


def open_labelled(path: Path, options: DataOptions) -> AnySource:
    """Open a source of texts with one label cell each."""
    return open_source(path, options.text_column, options.label_column)


def open_multi(path: Path, options: DataOptions) -> AnySource:
    """Open a source of texts whose label cell may be blank: none of the labels holds."""
    return open_source(path, options.text_column, options.label_column, blank_labels=True)


ONE_LABEL = Shape("one label", pa.string(), pa.string(), open_labelled, one_name)
SEVERAL_LABELS = Shape(
    "several labels", pa.string(), pa.string(), open_multi, split_names, doubts=several_notes, cell=join_names
)
