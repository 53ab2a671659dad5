"""Train a tagger of entities: files with a word and its tag a line in, a model with a report out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.commands.training import add_training_arguments, read_settings, say_results
from finetune.pipeline import train
from finetune.tasks import tagging

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

add_arguments = add_training_arguments


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train and say what came out."""
    say_results(train(read_settings(arguments), tagging.RECIPE, say), say)
    return 0
