"""Train a tagger of entities: files with a word and its tag a line in, a model with a report out.

Data: a word and its tag a line (BIO, IOB1, BMES, BIOES), a blank line between sentences; or JSON lines with
"tokens" and "tags". Sentences beyond the length limit are cut into windows and put together again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.commands.training import YAML_HELP, add_training_arguments, read_settings, say_results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

USAGE = "finetune tag --data FOLDER_OR_FILE [options]"
EXAMPLES = f"""examples:
  finetune tag --data data/raw/msra --encoder bert-base-chinese --epochs 3 --output-dir runs/entities
  finetune tag --data data/raw/msra --encoder bert-base-chinese --head linear --output-dir runs/linear
  finetune tag --train-file train.conll --dev-file dev.conll --encoder english-small --epochs 5

{YAML_HELP}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the settings of a training."""
    add_training_arguments(parser, "tag")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train and say what came out."""
    from finetune.pipeline import train  # noqa: PLC0415 - --help must not wait for torch
    from finetune.tasks import tagging  # noqa: PLC0415 - likewise

    say_results(train(read_settings(arguments), tagging.SPEC, say), say)
    return 0
