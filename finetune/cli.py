"""The command line: finds the verb (a module in commands/), reports errors, returns the exit code."""

from __future__ import annotations

import os
import select
import sys
from argparse import RawDescriptionHelpFormatter
from importlib import import_module
from typing import TYPE_CHECKING

from finetune import __version__
from finetune.arguments import Parser, with_hyphens
from finetune.errors import FinetuneError, RequestError
from finetune.wording import described, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERBS = {
    "inspect": "look at data: classes, lengths, duplicates, leaks, broken rows",
    "classify": "train a classifier of texts",
    "tag": "train a tagger of entities",
    "pretrain": "let an encoder read texts of your domain before it learns a task",
    "evaluate": "measure a trained model on a file of texts and labels",
    "predict": "label texts: from the command line, a file or a pipe",
    "export": "write a model as TorchScript, ONNX or a Triton repository, and check that it answers the same",
    "compare": "put runs side by side",
    "serve": "answer over HTTP: texts in, labels or entities out",
    "convert": "turn an encoder's pickled weights into safetensors, running nothing that is in them",
}

RESUMED = ("classify", "tag", "pretrain")
SESSION = """a typical session:
  finetune inspect data/raw/news --encoder bert-base-chinese
  finetune classify --data data/raw/news --encoder bert-base-chinese --epochs 3 --output-dir runs/news
  finetune predict runs/news "央行宣布下调利率"
  finetune predict runs/news --file data/raw/titles.txt --output data/answers.jsonl
  finetune evaluate runs/news data/raw/later.csv --output-dir runs/news-later
  finetune compare runs/news runs/news-more-epochs

The run leaves runs/news/report.html to read and to send on. The same command again resumes a run that was
interrupted. Exit codes: 0 done, 1 the work failed, 2 the request or the data is wrong."""


def say(line: str) -> None:
    """Print a line at once, so that a log shows it when it happens."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is how the program speaks


def guarded(work: Callable[[], int]) -> int:
    """Run a command; a mistake of the user is a message, not a traceback."""
    try:
        code = work()
        sys.stdout.flush()  # a reader that left shows here at the latest
    except BrokenPipeError:
        return 0 if reader_left() else 1
    except FinetuneError as error:
        if str(error):  # nothing to add where rank 0 says it
            say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("error: interrupted")
        return 1
    except OSError as error:
        say(f"error: {described(error)}")
        return 1
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's own, which --help does not wait for
            raise
        say(f"error: out of memory ({str(error).split('. ')[0]}); nvidia-smi names who else uses the GPU")
        return 1
    return code


def reader_left() -> bool:
    """Tell whether it is the answers that nobody reads any more, as with | head; then write no more."""
    answers = select.poll()
    answers.register(sys.stdout, 0)  # that its other end is closed is told unasked
    left = bool(answers.poll(0))
    if left:  # what is left in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return left


def usage() -> str:
    """List the verbs."""
    width = max(len(verb) for verb in VERBS)
    lines = "\n".join(f"  {verb:<{width}}  {what}" for verb, what in VERBS.items())
    title = f"finetune {__version__}: from files of texts and labels to a model with a report"
    return f"{title}\n\n{lines}\n\n{SESSION}\n\nfinetune VERB --help says more."


def verb_parser(verb: str) -> Parser:
    """Set up the parser of a verb: what it does, its options in groups, examples at the end."""
    module = import_module(f"finetune.commands.{verb}")
    parser = Parser(
        prog=f"finetune {verb}",
        usage=getattr(module, "USAGE", None),
        description=module.__doc__,
        epilog=module.EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


def dispatch(arguments: Sequence[str], below: Sequence[Sequence[str]] = ()) -> int:
    """Hand the arguments to the verb's module; below are layers of options that count where none is given."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(usage())  # noqa: T201 - the answer to --help
        return 0
    if arguments[0] == "--version":
        print(f"finetune {__version__}")  # noqa: T201 - the answer
        return 0
    verb, *rest = arguments
    if verb not in VERBS:
        raise RequestError(f"there is no verb {shorten(verb)}; accepted: {', '.join(VERBS)}")
    parser = verb_parser(verb)
    given = parser.parse_intermixed_args(with_hyphens(rest))  # texts may stand behind the options too
    if below:
        given.below = [vars(parser.parse_args(layer)) for layer in below]
    try:
        return int(import_module(f"finetune.commands.{verb}").run(given, say))
    except KeyboardInterrupt:
        if verb not in RESUMED:
            raise
        raise FinetuneError("interrupted; the same command goes on from the last checkpoint") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; 0 done, 1 the work failed, 2 the request or the data is wrong."""
    return guarded(lambda: dispatch(sys.argv[1:] if arguments is None else arguments))
