"""Label texts with a trained model: JSON lines out, in the order of the texts.

The texts come from the command line, from --file (any format that training reads), or one a line from
standard input.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.errors import DataError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept a model and texts."""
    parser.add_argument("model", type=Path, help="run folder, or the model folder in it")
    parser.add_argument("texts", nargs="*", help="texts to label")
    parser.add_argument("--file", type=Path, metavar="PATH", help="file with the texts")
    parser.add_argument(
        "--text-column", metavar="NAME", help="column with the text, where it is not found by itself"
    )
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="write here instead of to standard output"
    )
    parser.add_argument("--gpu-id", type=int, metavar="N", help="the GPU, counted from 0; -1 forces the CPU")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Predict and print."""
    from finetune.predict import Predictor  # noqa: PLC0415 - --help must not wait for torch

    predictor = Predictor(arguments.model, arguments.gpu_id)
    count = 0
    target = arguments.output.open("w", encoding="utf-8") if arguments.output else nullcontext(sys.stdout)
    with target as stream:
        for answer in predictor.answers(chosen_texts(arguments)):
            stream.write(json.dumps(answer, ensure_ascii=False) + "\n")
            count += 1
    if arguments.output:
        say(f"{arguments.output}: {count:,} answers")
    return 0


def chosen_texts(arguments: argparse.Namespace) -> Iterable[str]:
    """Take the texts from where the user put them."""
    if arguments.file is not None:
        return file_texts(arguments.file, arguments.text_column)
    return arguments.texts or (line.strip() for line in sys.stdin if line.strip())


def file_texts(path: Path, text_column: str | None) -> Iterator[str]:
    """Read a file of texts; labels in it are not looked at."""
    from finetune.data.rows import open_source  # noqa: PLC0415 - see run

    for row in open_source(path, text_column, None, labelled=False).rows():
        if row.problem is not None:
            raise DataError(row.problem)
        yield row.text
