"""Pretrain an encoder on texts of your domain, without labels; the other tasks then start from it.

The second stage is --encoder with this run's folder. `finetune predict` fills the [MASK] in a text.

Data: a text a line, a table with a text column (CSV, TSV, JSONL, Parquet), a folder of such files, or
a folder of folders with a file per text; labels in them are not looked at. Long texts are cut into blocks,
and no token is lost. At every step other tokens are masked, and the model guesses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.commands.training import YAML_HELP, add_training_arguments, read_settings, say_results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

USAGE = "finetune pretrain --data FOLDER_OR_FILE [options]"
EXAMPLES = f"""examples:
  finetune pretrain --data texts.txt --encoder bert-base-chinese --epochs 3 --output-dir runs/domain
  finetune pretrain --data reviews.csv --text-column review --encoder english-small --mlm-probability 0.2
  finetune pretrain --data data/raw/domain --encoder bert-base-chinese --max-length 512 --batch-size 8

{YAML_HELP}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the settings of a training; which column has a label tells at most which one is not the text."""
    add_training_arguments(parser, "pretrain", unlisted=("label_column",))


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train and say what came out."""
    from finetune.pipeline import train  # noqa: PLC0415 - --help must not wait for torch
    from finetune.tasks import pretraining  # noqa: PLC0415 - likewise

    result = train(read_settings(arguments), pretraining.SPEC, say)
    say_results(result, say)
    say(f"next       give --encoder {result.folder} to classify or tag: they start from this encoder")
    return 0
