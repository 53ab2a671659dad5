"""Label texts with a trained model: JSON lines out, in the order of the texts.

The texts come from the command line, from --file, or one a line from standard input (UTF-8). A file may be
any that training reads, and larger than memory. It has a text a line unless its name (.csv), JSON or tabs in
its first lines, or --text-column say that it is a table.
There is a line of answer for each line or row (blank lines of a table, and at the end of a file, are none).
A file is looked through for rows without a text, or that cannot be read, before anything is answered: they
are refused, or with --skip-bad-rows answered with {"error"}, which says what was found there. Standard input
is answered as it comes, and a blank line of it with {"error"} too.
A classifier answers {"label", "confidence", "probabilities"}; with several labels, "label" is a list.
A tagger answers {"text", "entities"}, each with "text", "label", "start", "end" and "confidence"; start
and end count characters of the text as it stands there, from 0, end not included. A pretrained encoder fills
each [MASK]: it answers {"text", "masks"}, each mask with "label", "confidence" and the "probabilities" of
five tokens.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from contextlib import nullcontext
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.arguments import add_options, build
from finetune.data.lines import decode, undecoded
from finetune.data.words import NO_SPACES, Words
from finetune.errors import DataError, Problem, RequestError
from finetune.options import DataOptions, TrainingOptions
from finetune.wording import counted, shorten
from finetune.writing import unusable, written_whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from finetune.answers.registry import Answer
    from finetune.data.rows import Row
    from finetune.data.shape import AnySource, Shape
    from finetune.predict import Predictor

BLOCK = 1 << 20  # bytes; a pipe holds 64 KiB
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
        "--skip-bad-rows",
        action="store_true",
        help="write an error in the place of a blank line or a row without a text, and go on",
    )
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="write here instead of to standard output"
    )
    add_options(parser, (DataOptions, TrainingOptions), only=("text_column", "gpu_id", "precision"))


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Predict and print."""
    check(arguments)
    output: Path | None = arguments.output
    with written_whole(output) if output else nullcontext(sys.stdout) as stream:
        made = bad = 0
        for some in answers(arguments, say):
            stream.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in some)
            stream.flush()
            made += len(some)
            bad += sum("error" in answer for answer in some)
    if bad:
        say(counted(bad, "row has no answer: its line says why", "rows have no answer: their lines say why"))
    if output:
        say(f"{output}: {counted(made - bad, 'answer', 'answers')}")
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Refuse what does not go together, and texts from the command line that are no text."""
    if arguments.texts and arguments.file:
        raise RequestError(f"found texts and --file {arguments.file}; accepted: one or the other")
    column = getattr(arguments, "text_column", None)
    if column is not None and arguments.file is None:
        raise RequestError(f"--text-column {column}: give --file FILE too")
    if arguments.output is not None:
        check_output(arguments.output, arguments.file)
    for number, text in enumerate(arguments.texts, 1):
        if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
            raise RequestError(
                f"text {number}: found {shorten(text)}, which is no UTF-8; accepted: UTF-8 on the command "
                "line, or a file of another encoding with --file"
            )


def check_output(output: Path, file: Path | None) -> None:
    """Refuse to write over the texts, or among those of a folder; make the folder of the answers."""
    if file is not None and output.resolve().is_relative_to(file.resolve()):
        raise RequestError(
            f"--output {output}: the answers would lie in the place of the texts, {file}; accepted: a file "
            "elsewhere"
        )
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable("--output", output.parent, error) from None


def answers(arguments: argparse.Namespace, say: Callable[[str], None]) -> Iterator[list[Answer]]:
    """Load the model and answer, many texts at a time."""
    from finetune.answers.entities import Entities  # noqa: PLC0415 - --help must not wait for numpy
    from finetune.predict import Predictor  # noqa: PLC0415 - nor for torch

    (device,) = build((TrainingOptions,), vars(arguments))
    predictor = Predictor(arguments.model, device.gpu_id, device.precision)
    groups = chosen_texts(arguments, predictor.task.shape, say)
    if isinstance(predictor.task, Entities) and not predictor.task.characters:
        groups = doubted(groups, say)
    return answered(predictor, groups)


def answered(predictor: Predictor, groups: Iterable[list[Any]]) -> Iterator[list[Answer]]:
    """Answer group by group; what is no text has its error in its place."""
    for some in groups:
        found = predictor.answers(one for one in some if not isinstance(one, Problem))
        yield [failed(one) if isinstance(one, Problem) else next(found) for one in some]


def failed(problem: Problem) -> Answer:
    """Say what stands in the place of a text."""
    return {"error": f"found {problem.found}; expected {problem.expected}"}


def doubted(groups: Iterable[list[Any]], say: Callable[[str], None]) -> Iterator[list[Any]]:
    """Warn once of a text without spaces: a tagger that reads words takes a whole clause of it for one."""
    told = False
    for some in groups:
        texts = () if told else (one for one in some if isinstance(one, str))
        found = next(filter(None, map(NO_SPACES.search, texts)), None)
        if found:
            told = True
            say(
                f"warning    this tagger reads words with spaces between them, and {shorten(found.group())} "
                "is one word to it; put spaces between the words, or train on data with a character a line"
            )
        yield some


def chosen_texts(
    arguments: argparse.Namespace, shape: Shape, say: Callable[[str], None]
) -> Iterable[list[Any]]:
    """Take the texts from where the user put them, in groups that are answered at once."""
    skip = arguments.skip_bad_rows
    if arguments.file is not None:
        from finetune.data.conll import TAGGED, is_tagged  # noqa: PLC0415 - see answers
        from finetune.data.plain import open_every  # noqa: PLC0415 - likewise
        from finetune.data.sources import must_exist  # noqa: PLC0415 - likewise

        path = must_exist(arguments.file)
        (data,) = build((DataOptions,), {**vars(arguments), "data": path})
        if shape is TAGGED and data.text_column is None and is_tagged(path):
            say(f"{path}: words with tags; the words of each sentence are put together, the tags left out")
            return grouped(file_texts(TAGGED.open(path, data), skip=skip))
        source = open_every(path, data)
        say(source.said)
        return grouped(file_texts(source, skip=skip))
    return [arguments.texts] if arguments.texts else piped_texts(say, skip=skip)


def grouped(texts: Iterator[Any]) -> Iterator[list[Any]]:
    """Take some thousands at a time: batches are formed among them by length."""
    from finetune.predict import ROWS_AT_ONCE  # noqa: PLC0415 - see answers

    while some := list(islice(texts, ROWS_AT_ONCE)):
        yield some


def file_texts(source: AnySource, *, skip: bool) -> Iterator[Any]:
    """Read a file, all of it once before where its bad rows are to be refused: no answer is lost by one."""
    if not skip:
        deque(texts_of(source.rows()), maxlen=0)
    return texts_of(source.rows(), skip=skip)


def piped_texts(say: Callable[[str], None], *, skip: bool = False) -> Iterator[list[Any]]:
    """Read standard input a text a line, the lines that have come; white space stays, so offsets are true."""
    if sys.stdin.isatty():
        say("reading texts from the keyboard, one a line; Ctrl-D ends them")
    number = count(1)
    for lines in arriving(sys.stdin.buffer):
        rows = [piped_row(next(number), line, skip=skip) for line in lines]
        yield list(texts_of(rows, skip=True))


def piped_row(number: int, line: bytes, *, skip: bool) -> Row:
    """Decode a line; one that is not UTF-8 is refused, since the others will be neither."""
    from finetune.data.plain import line_row  # noqa: PLC0415 - see answers

    place, text = Path("standard input"), decode(line, "utf-8")
    found = undecoded(text)
    if found and not skip:
        raise DataError(Problem(place, number, found, "UTF-8", "iconv -f GBK -t UTF-8 converts Chinese"))
    return line_row(place, number, text)


def arriving(stream: Any) -> Iterator[list[bytes]]:  # noqa: ANN401 - a pipe's own type does not know read1
    """Yield the whole lines that are there, without waiting for more of them."""
    rest = b""
    while block := stream.read1(BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def texts_of(rows: Iterable[Row], *, skip: bool = False) -> Iterator[Any]:
    """Take the texts of rows, of tagged ones as their words; a bad row is an error, or gives its problem."""
    from finetune.data.cells import as_line  # noqa: PLC0415 - see answers
    from finetune.data.ingest import readable  # noqa: PLC0415 - see answers

    for row in map(readable, rows):
        if row.problem is not None and not skip:
            todo = row.problem.todo.removesuffix(" or pass --skip-bad-rows")
            todo += ", or pass --skip-bad-rows, which writes an error in its place"
            raise DataError(replace(row.problem, todo=todo))
        line = as_line(row.text)
        yield row.problem or (line if isinstance(row.text, str) else Words.given(row.text, line))
