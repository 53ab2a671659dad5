"""What the verbs that train have in common: the same options, from the command line and from a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from finetune.arguments import add_options, build
from finetune.encoders import LIGHT, LIGHT_RATE
from finetune.options import DataOptions, ModelOptions, RunOptions, Settings, TrainingOptions, foreign
from finetune.settings_file import from_yaml

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection

    from finetune.pipeline import Result

ENCODER = "model_name_or_path"
KINDS = (DataOptions, ModelOptions, TrainingOptions, RunOptions)
YAML_HELP = """settings from a file, with the same names and without the dashes in front:
  # news.yaml
  data: data/raw/news
  model_name_or_path: bert-base-chinese
  num_train_epochs: 3
  learning_rate: 5e-5
  output_dir: runs/news
An unknown name or a wrong value is an error with its line. What is left out has its default."""


def add_training_arguments(
    parser: argparse.ArgumentParser, task: str, unlisted: Collection[str] = ()
) -> None:
    """Accept every setting of a training run, and a file with such settings; teach those of this task.

    Settings that are unlisted are accepted too, and not taught.
    """
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="YAML file with any of these options; the command line wins",
    )
    add_options(parser, KINDS, unsaid={*unlisted, *(name for kind in KINDS for name in foreign(kind, task))})


def read_settings(arguments: argparse.Namespace) -> Settings:
    """Put the file's settings under those of the command line, and a script's layers under both.

    A layer that names an encoder was made for it, and does not count where another is named above it.
    """
    given = dict(vars(arguments))
    config, below = given.pop("config", None), given.pop("below", ())
    values = {**(from_yaml(config, KINDS) if config else {}), **given}
    for layer in below:
        if not {ENCODER} <= values.keys() & layer.keys():
            values = {**layer, **values}
    if values.get(ENCODER) == LIGHT:
        values.setdefault("learning_rate", LIGHT_RATE)
    data, model, training, run = build(KINDS, values)
    return Settings(data, model, training, run)


def say_results(result: Result, say: Callable[[str], None]) -> None:
    """Say what was measured."""
    for split in ("validation", "test"):
        if split in result.metrics:
            shown = "  ".join(f"{name} {value:.4f}" for name, value in result.metrics[split].items())
            say(f"{split:<10} {shown}")
