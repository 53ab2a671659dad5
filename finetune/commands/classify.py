"""Train a classifier of texts, with one label each or several (--multi-label).

Data: a folder with train, dev and test files (CSV, TSV, JSONL, Parquet, text<TAB>number with class.txt), a
folder per class, a file per class, or one file, which is then split. Encoding and columns are found and said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.commands.training import YAML_HELP, add_training_arguments, read_settings, say_results

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

USAGE = "finetune classify --data FOLDER_OR_FILE [options]"
EXAMPLES = f"""examples:
  finetune classify --data data/raw/news --encoder bert-base-chinese --epochs 3 --output-dir runs/news
  finetune classify --data reviews.csv --text-column review --label-column stars --class-weights balanced
  finetune classify --data data/raw/emotions --multi-label --encoder english-small --lr 1e-4
  finetune classify --config news.yaml --seed 7

{YAML_HELP}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the settings of a training."""
    add_training_arguments(parser, "classify")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train and say what came out."""
    from finetune.pipeline import train  # noqa: PLC0415 - --help must not wait for torch
    from finetune.tasks import classification, multilabel  # noqa: PLC0415 - likewise

    settings = read_settings(arguments)
    spec = multilabel.SPEC if settings.data.multi_label else classification.SPEC
    say_results(train(settings, spec, say), say)
    return 0
