"""Look at data before training: classes, lengths, duplicates, conflicts, texts in two splits, bad rows.

It reads what training reads: CSV (with commas, semicolons, bars or tabs), tab-separated files, JSON lines or
an array, Parquet (a file, or parts such as train-00000-of-00002.parquet), a folder or a file for each class,
words and tags in columns, texts with the places of their entities (JSON lines of doccano or CLUENER, Label
Studio's JSON-MIN, such as {"text": "北京很大", "label": [[0, 2, "LOC"]]}), several labels in a cell or in a
column of 0 and 1 for each, folders that datasets.save_to_disk() wrote, and names of hub data sets; gz and xz
too; UTF-8, UTF-16 or GB18030. Lengths are in tokens where an encoder is named, else in characters.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.arguments import add_options, build
from finetune.errors import RequestError
from finetune.options import DataOptions, refuse_foreign

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from finetune.data.shape import Shape
    from finetune.look import Measure

USAGE = "finetune inspect FILE_OR_FOLDER [options]"
EXAMPLES = """examples:
  finetune inspect data/raw/news
  finetune inspect data/raw/news --encoder bert-base-chinese --output-dir runs/look-at-news
  finetune inspect user/dataset
  finetune inspect data/raw/emotions --task multi-label
  finetune inspect data/raw/msra --task tag --format json"""
# every row of every file is looked at as it is
TRAINING_ONLY = ("validation_share", "test_share", "drop_shared_texts", "max_rows", "long_texts")
HAPPENS = {
    False: "--max-seq-length says where training cuts",
    True: "training reads longer sentences in windows and loses nothing",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the data, an encoder for its tokens, and where a picture of the lengths goes."""
    parser.add_argument("file", type=Path, nargs="?", help="file or folder; the same as --data")
    parser.add_argument(
        "--task", choices=("classify", "multi-label", "tag"), default="classify", help="what the labels are"
    )
    parser.add_argument("--encoder", metavar="NAME", help="hub name, folder or alias: count its tokens")
    parser.add_argument(
        "--output-dir", type=Path, metavar="PATH", help="write lengths.png and inspect.json here"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what to print")
    add_options(parser, (DataOptions,), without=TRAINING_ONLY)


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Look and print; rows that cannot be read are part of the answer."""
    from finetune import look  # noqa: PLC0415 - --help must not wait for numpy
    from finetune.data.corpus import read_corpus  # noqa: PLC0415 - likewise
    from finetune.report.inspection import inspection_lines  # noqa: PLC0415 - likewise

    given = dict(vars(arguments))
    if arguments.file is not None:
        given["data"] = arguments.file
    options = dataclasses.replace(build((DataOptions,), given)[0], skip_bad_rows=True)
    task = task_of(arguments.task, multi_label=options.multi_label)
    refuse_foreign(task, options)
    shape = shape_of(task)
    corpus = read_corpus(options, shape)
    for note in corpus.notes:
        say(f"data       {note}")
    unit, measure = measure_in(arguments.encoder, say)
    lengths = look.lengths_of(corpus.splits["train"], measure)
    seen = [look.look_at(one, corpus.labels, shape) for one in corpus.splits.values()]
    found = {
        "splits": [dataclasses.asdict(one) for one in seen],
        "in two splits": {pair: dataclasses.asdict(one) for pair, one in look.leaks(corpus).items()},
        "lengths": {"unit": unit, **look.percentiles(lengths)},
        "longer than": look.cut_shares(lengths, options.max_seq_length),
        "what happens": HAPPENS[task == "tag"],
        "bad rows": list(corpus.problems),
    }
    as_json = arguments.format == "json"
    text = (
        json.dumps(found, ensure_ascii=False, indent=2)
        if as_json
        else "\n".join(inspection_lines(found, lengths))
    )
    print(text)  # noqa: T201 - the answer
    if arguments.output_dir:
        write(found, lengths, unit, arguments.output_dir)
    return 0


def task_of(task: str, *, multi_label: bool) -> str:
    """Take --multi-label, which training has, for --task multi-label."""
    if multi_label and task == "tag":
        raise RequestError("found --task tag with --multi-label; accepted: one of them")
    return "multi-label" if multi_label else task


def shape_of(task: str) -> Shape:
    """Choose how rows are read."""
    from finetune.data.conll import TAGGED  # noqa: PLC0415 - see run
    from finetune.data.shape import ONE_LABEL, SEVERAL_LABELS  # noqa: PLC0415 - see run

    return {"classify": ONE_LABEL, "multi-label": SEVERAL_LABELS, "tag": TAGGED}[task]


def measure_in(encoder: str | None, say: Callable[[str], None]) -> tuple[str, Measure]:
    """Choose the unit of lengths."""
    from finetune.look import measure_with  # noqa: PLC0415 - see run

    if encoder is None:
        say("lengths    in characters; name your encoder with --encoder to count its tokens")
        return "characters", measure_with(None)
    from finetune.encoders import find_encoder  # noqa: PLC0415 - see run
    from finetune.pretrained import load_tokenizer  # noqa: PLC0415 - see run

    return "tokens", measure_with(load_tokenizer(find_encoder(encoder)))


def write(found: dict[str, Any], lengths: NDArray[np.int32], unit: str, folder: Path) -> None:
    """Write the JSON and the picture."""
    from finetune.report.pictures import draw_lengths  # noqa: PLC0415 - see run
    from finetune.writing import write_json  # noqa: PLC0415 - see run

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "inspect.json", found)
    draw_lengths(lengths, unit, folder / "lengths.png")
