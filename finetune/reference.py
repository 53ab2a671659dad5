"""Writes the command reference from the code: `python -m finetune.reference > docs/cli.md`."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter

from finetune.cli import VERBS, usage, verb_parser

WIDTH = 110
HEAD = """# Commands

What `finetune --help` and `finetune VERB --help` print. This page is made by `python -m finetune.reference`;
a test holds it against the code."""


class Wide(RawDescriptionHelpFormatter):
    """Sets help in lines of one width, whatever the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=WIDTH)


def help_of(verb: str) -> str:
    """Return what the verb's --help prints, in our width."""
    parser = verb_parser(verb)
    parser.formatter_class = Wide
    return parser.format_help().rstrip()


def reference() -> str:
    """Put the whole page together."""
    parts = [HEAD, f"```text\n{usage()}\n```"]
    for verb in VERBS:
        parts += [f"## finetune {verb}", f"```text\n{help_of(verb)}\n```"]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
