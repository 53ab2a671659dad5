"""Look at data before training: classes, lengths, duplicates, conflicting labels, texts in two splits.

Lengths are in tokens where an encoder is named, else in characters.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.arguments import add_options, build
from finetune.options import DataOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from finetune.data.corpus import Corpus
    from finetune.data.shape import Shape

SHOWN = 5
USAGE = "finetune inspect FILE_OR_FOLDER [options]"
EXAMPLES = """examples:
  finetune inspect data/raw/news
  finetune inspect data/raw/news --encoder bert-base-chinese --output-dir runs/look-at-news
  finetune inspect data/raw/emotions --task multi-label
  finetune inspect data/raw/msra --task tag --format json"""


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
    add_options(parser, (DataOptions,))


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Look and print."""
    from finetune import look  # noqa: PLC0415 - --help must not wait for numpy
    from finetune.data.corpus import read_corpus  # noqa: PLC0415 - likewise

    given = dict(vars(arguments))
    if arguments.file is not None:
        given["data"] = arguments.file
    corpus = read_corpus(build((DataOptions,), given)[0], shape_of(arguments.task))
    for note in corpus.notes:
        say(f"data       {note}")
    unit, lengths = measured(corpus, arguments.encoder)
    found = {
        "splits": [dataclasses.asdict(look.look_at(one, corpus.labels)) for one in corpus.splits.values()],
        "in two splits": look.leaks(corpus),
        "lengths": {"unit": unit, **look.percentiles(lengths)},
        "cut at": look.cut_shares(lengths),
        "bad rows": list(corpus.problems),
    }
    text = (
        json.dumps(found, ensure_ascii=False, indent=2)
        if arguments.format == "json"
        else "\n".join(lines(found))
    )
    print(text)  # noqa: T201 - the answer
    if arguments.output_dir:
        write(found, lengths, unit, arguments.output_dir)
    return 0


def shape_of(task: str) -> Shape:
    """Choose how rows are read."""
    from finetune.data.conll import TAGGED  # noqa: PLC0415 - see run
    from finetune.data.shape import ONE_LABEL, SEVERAL_LABELS  # noqa: PLC0415 - see run

    return {"classify": ONE_LABEL, "multi-label": SEVERAL_LABELS, "tag": TAGGED}[task]


def measured(corpus: Corpus, encoder: str | None) -> tuple[str, Any]:
    """Measure the training texts."""
    import numpy as np  # noqa: PLC0415 - see run

    texts = corpus.splits["train"].texts()
    if encoder is None:
        return "characters", np.array([len(one) for one in texts])
    from finetune.data.pieces import frame_of, plain_ids  # noqa: PLC0415 - see run
    from finetune.encoders import find_encoder, load_tokenizer  # noqa: PLC0415 - see run

    tokenizer = load_tokenizer(find_encoder(encoder))
    frame = frame_of(tokenizer).size
    return "tokens", np.array([len(one) + frame for one in plain_ids(tokenizer, texts)])


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Write what was found for people."""
    for split in found["splits"]:
        yield from split_lines(split)
    for pair, texts in found["in two splits"].items():
        yield f"{len(texts):,} texts stand in {pair}" + "".join(f"\n    {one[:60]}" for one in texts[:SHOWN])
    lengths = {name: value for name, value in found["lengths"].items() if name != "unit"}
    yield f"{found['lengths']['unit']} of a text: " + ", ".join(
        f"{name} {value:.0f}" for name, value in lengths.items()
    )
    yield "cut at a limit of: " + ", ".join(
        f"{limit}: {share:.1%}" for limit, share in found["cut at"].items()
    )
    yield f"{len(found['bad rows'])} rows skipped" + "".join(
        f"\n    {one}" for one in found["bad rows"][:SHOWN]
    )


def split_lines(split: dict[str, Any]) -> Iterator[str]:
    """Write one split."""
    yield f"{split['name']}: {split['rows']:,} rows, {split['duplicates']:,} of them repeat an earlier text"
    shown = list(split["labels"].items())[:40]
    yield "\n".join(
        f"    {label:<20} {count:>9,}  {count / max(1, split['rows']):6.1%}" for label, count in shown
    )
    conflicts = split["conflicts"]
    yield f"    {len(conflicts):,} texts have more than one label" + "".join(
        f"\n      {text[:50]}: {' / '.join(labels)}" for text, labels in conflicts[:SHOWN]
    )


def write(found: dict[str, Any], lengths: Any, unit: str, folder: Path) -> None:  # noqa: ANN401 - a numpy array
    """Write the JSON and the picture."""
    from finetune.folder import write_text  # noqa: PLC0415 - see run
    from finetune.report.pictures import draw_lengths  # noqa: PLC0415 - see run

    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "inspect.json", json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    draw_lengths(lengths, unit, folder / "lengths.png")
