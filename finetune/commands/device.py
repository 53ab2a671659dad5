"""What the verbs that use a trained model have in common: where it is computed, and in which numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args, get_type_hints

from finetune.arguments import field_help
from finetune.options import TrainingOptions

if TYPE_CHECKING:
    import argparse


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the GPU, and the number format by the names that training has for it."""
    choices = get_args(get_type_hints(TrainingOptions)["precision"])
    default = TrainingOptions.precision
    help_text = f"{field_help(TrainingOptions)['precision']} [{default}]"
    parser.add_argument("--gpu-id", type=int, metavar="N", help="the GPU, counted from 0; -1 forces the CPU")
    parser.add_argument("--precision", choices=choices, default=default, help=help_text)
