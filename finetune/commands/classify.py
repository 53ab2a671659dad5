"""Train a classifier of texts, with one label each or several (--multi-label)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.commands.training import add_training_arguments, read_settings, say_results
from finetune.pipeline import train
from finetune.tasks import classification, multilabel

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

add_arguments = add_training_arguments


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train and say what came out."""
    settings = read_settings(arguments)
    recipe = multilabel.RECIPE if settings.data.multi_label else classification.RECIPE
    say_results(train(settings, recipe, say), say)
    return 0
