"""Train a classifier of texts, one label each: files in, a model with a report out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.commands.training import add_training_arguments, read_settings
from finetune.pipeline import train
from finetune.tasks.classification import from_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

add_arguments = add_training_arguments


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train and say what came out."""
    result = train(read_settings(arguments), from_settings, say)
    for split in ("validation", "test"):
        if split in result.metrics:
            shown = "  ".join(f"{name} {value:.4f}" for name, value in result.metrics[split].items())
            say(f"{split:<10} {shown}")
    return 0
