"""Label texts with a trained model: JSON lines out, in the order of the texts.

The texts come from the command line, from --file, or one a line from standard input (UTF-8; blank lines are
left out, their number is said). A file may be any that training reads, and larger than memory. It has a text
a line unless its name (.csv), JSON or tabs in its first lines, or --text-column say that it is a table.
A classifier answers {"label", "confidence", "probabilities"}; with several labels, "label" is a list.
A tagger answers {"text", "entities"}, each with "text", "label", "start", "end" and "confidence"; start
and end count characters of the text, from 0, end not included. A pretrained encoder fills each [MASK]: it
answers {"text", "masks"}, each mask with "label", "confidence" and the "probabilities" of five tokens.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.commands.device import add_device_arguments
from finetune.data.lines import decode, must_be_text
from finetune.data.words import NO_SPACES, Words
from finetune.errors import DataError, RequestError, shorten
from finetune.writing import written_whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from finetune.data.shape import AnySource, Shape
    from finetune.predict import Answer

EXAMPLES = """examples:
  finetune predict runs/news "央行宣布下调利率" "国足加时赛险胜对手"
  finetune predict runs/news --file data/raw/titles.csv --text-column title --output data/answers.jsonl
  cat data/raw/titles.txt | finetune predict runs/news | head -3

in Python, for one text or a stream of them:
  from finetune.predict import Predictor
  predictor = Predictor("runs/news")
  predictor("央行宣布下调利率")["label"]
  for answer in predictor.answers(open("data/raw/titles.txt", encoding="utf-8")): ..."""


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
    add_device_arguments(parser)


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Predict and print."""
    check(arguments)
    output: Path | None = arguments.output
    with written_whole(output) if output else nullcontext(sys.stdout) as stream:
        count = 0
        for answer in answers(arguments, say):
            stream.write(json.dumps(answer, ensure_ascii=False) + "\n")
            count += 1
        stream.flush()
    if output:
        say(f"{output}: {count:,} answers")
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Refuse what does not go together, and texts from the command line that are no text."""
    if arguments.texts and arguments.file:
        raise RequestError(f"found texts and --file {arguments.file}; accepted: one or the other")
    if arguments.text_column is not None and arguments.file is None:
        raise RequestError(f"--text-column {arguments.text_column}: give --file FILE too")
    for number, text in enumerate(arguments.texts, 1):
        if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
            raise RequestError(
                f"text {number}: found {shorten(text)}, which is no UTF-8; accepted: UTF-8 on the command "
                "line, or a file of another encoding with --file"
            )


def answers(arguments: argparse.Namespace, say: Callable[[str], None]) -> Iterator[Answer]:
    """Load the model and answer."""
    from finetune.answers.entities import Entities  # noqa: PLC0415 - --help must not wait for numpy
    from finetune.predict import Predictor  # noqa: PLC0415 - nor for torch

    predictor = Predictor(arguments.model, arguments.gpu_id, arguments.precision)
    texts = chosen_texts(arguments, predictor.task.shape, say)
    if isinstance(predictor.task, Entities) and not predictor.task.characters:
        texts = doubted(texts, say)
    return predictor.answers(texts)


def doubted(texts: Iterable[Any], say: Callable[[str], None]) -> Iterator[Any]:
    """Warn once of a text without spaces: a tagger that reads words takes a whole clause of it for one."""
    told = False
    for text in texts:
        found = None if told or not isinstance(text, str) else NO_SPACES.search(text)
        if found:
            told = True
            say(
                f"warning    this tagger reads words with spaces between them, and {shorten(found.group())} "
                "is one word to it; put spaces between the words, or train on data with a character a line"
            )
        yield text


def chosen_texts(arguments: argparse.Namespace, shape: Shape, say: Callable[[str], None]) -> Iterable[Any]:
    """Take the texts from where the user put them."""
    if arguments.file is not None:
        from finetune.data.conll import TAGGED, is_tagged  # noqa: PLC0415 - see answers
        from finetune.data.plain import PLAIN  # noqa: PLC0415 - likewise
        from finetune.data.sources import must_exist  # noqa: PLC0415 - likewise
        from finetune.options import DataOptions  # noqa: PLC0415 - likewise

        column, path = arguments.text_column, must_exist(arguments.file)
        if shape is TAGGED and column is None and is_tagged(path):
            say(f"{path}: words with tags; the words of each sentence are put together, the tags left out")
            return texts_of(TAGGED.open(path, DataOptions(data=path)))
        source = PLAIN.open(path, DataOptions(data=path, text_column=column))
        say(source.said)
        return texts_of(source)
    return arguments.texts or piped_texts(say)


def piped_texts(say: Callable[[str], None]) -> Iterator[str]:
    """Read standard input a text a line; only the line feed is taken off, so that offsets stay true."""
    if sys.stdin.isatty():
        say("reading texts from the keyboard, one a line; Ctrl-D ends them")
    blank = 0
    for number, raw in enumerate(sys.stdin.buffer, 1):
        line = decode(raw, number, "utf-8").removesuffix("\n")
        must_be_text(line, Path("standard input"), number)
        if line.strip():
            yield line
        else:
            blank += 1
    if blank:
        say(f"{blank:,} blank lines left out")


def texts_of(source: AnySource) -> Iterator[Any]:
    """Read the texts of a file, those of a tagged one as its words; labels or tags are not looked at."""
    from finetune.data.ingest import as_line, readable  # noqa: PLC0415 - see answers

    for row in map(readable, source.rows()):
        if row.problem is not None:
            raise DataError(row.problem)
        line = as_line(row.text)
        yield line if isinstance(row.text, str) else Words.given(row.text, line)
