"""Brings the sources of a run together: rows in Arrow, the label set, and which rows make up each split."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from finetune.data.doubts import conflict_notes, header_notes
from finetune.data.ingest import bad_row, ingest, ingest_like
from finetune.data.labels import LabelSet, checked, labels_from, read_class_file, settled
from finetune.data.mixed import mixed
from finetune.data.numbers import different, held_by, shared
from finetune.data.sources import Sources, find_sources
from finetune.data.split import Split, whole
from finetune.data.splits import rows_where, stratified
from finetune.errors import DataError, Problem
from finetune.wording import counted, shorten

if TYPE_CHECKING:
    from finetune.data.shape import Shape
    from finetune.data.store import Stored
    from finetune.options import DataOptions


@dataclass(frozen=True)
class Corpus:
    """The splits of a run with their labels, and what was said while reading; skipped counts bad rows."""

    splits: dict[str, Split]
    labels: LabelSet
    notes: tuple[str, ...]
    fingerprints: dict[str, str]
    problems: tuple[str, ...]
    skipped: int


def read_corpus(options: DataOptions, shape: Shape) -> Corpus:
    """Read and check the files that the options name, each as it is."""
    sources = find_sources(options)
    tables = {"train": ingest(sources.train, options, shape)}
    for name, path in (("validation", sources.validation), ("test", sources.test)):
        if path is not None:
            tables[name] = ingest_like(tables["train"], path, options, shape)
    labels, doubt = find_labels(tables["train"], sources, shape)
    splits = {name: whole(name, rows) for name, rows in tables.items()}
    notes = [table.meta["said"] for table in tables.values()]
    if labels.origin and labels.names:
        notes.append(f"class names from {labels.origin}: {shorten(', '.join(labels.names), 200)}")
    notes += [*([doubt] if doubt else []), *shape.doubts(labels.names), *header_notes(splits["train"])]
    notes += tables["train"].meta["doubts"]
    problems = tuple(one for table in tables.values() for one in table.meta["problems"])
    prints = {name: table.meta["fingerprint"] for name, table in tables.items()}
    skipped = sum(table.meta["skipped"] for table in tables.values())
    return Corpus(splits, labels, tuple(notes), prints, problems, skipped)


def load_corpus(options: DataOptions, seed: int, shape: Shape) -> Corpus:
    """Read the data, draw the rows that are wanted, and set rows aside for the splits that no file holds."""
    corpus = read_corpus(options, shape)
    splits = dict(corpus.splits)
    notes = [*corpus.notes, *width_notes(splits), *leak_notes(splits, drop=options.drop_shared_texts)]
    notes += conflict_notes(splits.values(), corpus.labels, shape)
    if options.drop_shared_texts:
        splits["train"] = without_shared(splits)
    splits["train"] = sample(splits["train"], options.max_rows, seed)
    shares = missing_shares(splits, options)
    if shares:
        made = set_aside(splits["train"], shares, seed, shape)
        splits.update(made)
        counts = ", ".join(f"{len(split):,} {name}" for name, split in made.items())
        notes.append(f"one file for several splits: {counts} rows, by label and seed, no text in two of them")
    return dataclasses.replace(corpus, splits=in_order(splits), notes=tuple(notes))


def in_order(splits: dict[str, Split]) -> dict[str, Split]:
    """Put the splits into their usual order."""
    return {name: splits[name] for name in ("train", "validation", "test") if name in splits}


def missing_shares(splits: dict[str, Split], options: DataOptions) -> dict[str, float]:
    """Tell what is set aside: validation rows where no file has them, test rows where train stands alone."""
    if "validation" in splits:
        return {}
    alone = {} if "test" in splits or options.test_share == 0 else {"test": options.test_share}
    return {"validation": options.validation_share, **alone}


def width_notes(splits: dict[str, Split]) -> list[str]:
    """Say how many texts have full-width letters or digits."""
    count = sum(split.rows.meta["full_width"] for split in splits.values())
    have = counted(count, "text has", "texts have")
    return [f"{have} full-width letters or digits, which are read as Ａ = A, １ = 1"] if count else []


def leak_notes(splits: dict[str, Split], *, drop: bool) -> list[str]:
    """Say how many texts stand in two of the files, and what can be done."""
    digests = {name: split.digests() for name, split in splits.items()}
    notes = []
    for one, other in combinations(digests, 2):
        count = len(shared(digests[one], digests[other]))
        stand = counted(count, "text stands", "texts stand")
        if count and one == "train":
            what = (
                "left out of train"
                if drop
                else f"--drop-shared-texts leaves them out of train, else {other} flatters"
            )
            notes.append(f"warning: {stand} in train and {other} both: {what}")
        elif count:
            notes.append(f"warning: {stand} in {one} and {other} both")
    return notes


def without_shared(splits: dict[str, Split]) -> Split:
    """Leave out of the training rows what another split holds too."""
    train = splits["train"]
    others = [split.digests() for name, split in splits.items() if name != "train"]
    if not others:
        return train
    kept = ~held_by(train.digests(), np.concatenate(others))
    if not kept.any():
        found, wanted = "no text that no other split holds", "some rows of its own"
        raise DataError(Problem(train.place(""), None, found, wanted, "do without --drop-shared-texts"))
    return train.part("train", rows_where(kept, train.rows.folder))


def find_labels(train: Stored, sources: Sources, shape: Shape) -> tuple[LabelSet, str]:
    """Take the class file, else the names that the source lists, else those in the training rows.

    Where the names leave open what a number means, what was decided is said.
    """
    file = sources.class_file
    listed = train.meta["names"] if file is None else read_class_file(file)
    if listed or file:
        names = tuple(dict.fromkeys(name for one in listed for name in shape.listed(one)))
        labels = checked(
            LabelSet(names, numbered=True, origin=str(file or "")), file or sources.train, shape.fewest_labels
        )
        return settled(labels, labels_in(train, shape) if labels.ambiguous else ())
    found = labels_in(train, shape)
    if len(found) < shape.fewest_labels and train.meta["skipped"]:
        raise DataError(bad_row(train.meta, skip=True))  # what is left says less than what was left out
    _, column = train.meta["columns"] or ("", "")
    return labels_from(found, sources.train, shape.fewest_labels, column or ""), ""


def labels_in(rows: Stored, shape: Shape) -> set[str]:
    """Gather the labels that occur."""
    cells = (cell for batch in rows.batches() for cell in unique_cells(batch.column("label")))
    return {name for cell in cells for name in shape.names(cell)}


def unique_cells(column: pa.Array) -> list[Any]:
    """List the cells without repeats; all the tags of lists are one cell."""
    return (
        [column.flatten().unique().to_pylist()]
        if pa.types.is_list(column.type)
        else column.unique().to_pylist()
    )


def sample(split: Split, max_rows: int | None, seed: int) -> Split:
    """Draw rows without replacement, kept in the order of the file."""
    if max_rows is None or max_rows >= len(split):
        return split
    chosen = np.random.default_rng(seed).choice(len(split), max_rows, replace=False)
    return split.part(split.name, np.sort(chosen))


def set_aside(train: Split, shares: dict[str, float], seed: int, shape: Shape) -> dict[str, Split]:
    """Take the rows of other splits out of the training rows; a split that would be empty is not made."""
    codes, sets = train.label_codes(shape)
    texts, wanted, folder = train.digests(), list(shares.values()), train.rows.folder
    if any(len(one) > 1 for one in sets):
        parts = mixed(texts, (codes, sets), wanted, seed, folder)
    else:
        parts = stratified(texts, codes, wanted, seed, folder)
    named = zip(("train", *shares), parts, strict=True)
    return {name: train.part(name, part) for name, part in named if len(part)}


def must_have_validation(corpus: Corpus) -> None:
    """Refuse to train where no row could be set aside, since every label has one text at most."""
    if "validation" in corpus.splits:
        return
    train = corpus.splits["train"]
    count = different(train.digests())
    found = f"{count:,} different {'text' if count == 1 else 'texts'} in {len(train):,} rows"
    wanted, todo = "two texts of at least one label", "add rows, or name a file with --validation-file"
    raise DataError(Problem(train.place(""), None, found, wanted, todo))
