"""The command line: finds the verb (a module in commands/), reports errors, returns the exit code."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from finetune import __version__
from finetune.arguments import Parser, with_hyphens
from finetune.errors import FinetuneError, RequestError, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERBS = {
    "inspect": "look at data: classes, lengths, duplicates, leaks, broken rows",
    "classify": "train a classifier of texts",
    "tag": "train a tagger of entities",
    "evaluate": "measure a trained model on a file of texts and labels",
    "predict": "label texts: from the command line, a file or a pipe",
    "compare": "put runs side by side",
    "convert": "turn an encoder's pickled weights into safetensors, running nothing that is in them",
}


def say(line: str) -> None:
    """Print a line at once, so that a log shows it when it happens."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is how the program speaks


def guarded(work: Callable[[], int]) -> int:
    """Run a command; a mistake of the user is a message, not a traceback."""
    try:
        return work()
    except FinetuneError as error:
        say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("error: interrupted; the same command goes on from the last checkpoint")
        return 1
    except BrokenPipeError:
        return 1


def usage() -> str:
    """List the verbs."""
    width = max(len(verb) for verb in VERBS)
    lines = "\n".join(f"  {verb:<{width}}  {what}" for verb, what in VERBS.items())
    title = f"finetune {__version__}: from files of texts and labels to a model with a report"
    return f"{title}\n\n{lines}\n\nfinetune VERB --help says more."


def dispatch(arguments: Sequence[str]) -> int:
    """Hand the arguments to the verb's module."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(usage())  # noqa: T201 - the answer to --help
        return 0
    verb, *rest = arguments
    if verb not in VERBS:
        raise RequestError(f"there is no verb {shorten(verb)}; accepted: {', '.join(VERBS)}")
    module = import_module(f"finetune.commands.{verb}")
    parser = Parser(prog=f"finetune {verb}", description=module.__doc__, allow_abbrev=False)
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(with_hyphens(rest)), say))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; 0 done, 1 the work failed, 2 the request or the data is wrong."""
    return guarded(lambda: dispatch(sys.argv[1:] if arguments is None else arguments))
