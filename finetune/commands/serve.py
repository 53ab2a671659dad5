"""Serve trained models over HTTP: POST /v1/predict, a page to try them at /, metrics, reload on SIGHUP.

A folder that `finetune export` wrote is run by ONNX Runtime, a run or model folder by torch, on a GPU if
there is one, compiled for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finetune.arguments import add_options, build
from finetune.serving.options import ListenOptions, ServingOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXAMPLES = """examples:
  finetune serve runs/news/exports/onnx-int8
  finetune serve titles=runs/news people=runs/people/exports/onnx --port 8080
  finetune serve runs/news/exports/onnx --host 0.0.0.0 --api-key-file keys"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept the models and every option of the service."""
    parser.add_argument(
        "models",
        nargs="+",
        metavar="[NAME=]MODEL",
        help="exported folder, run folder or model folder; called by the run's name unless another is given",
    )
    add_options(parser, (ListenOptions, ServingOptions))


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Serve until a signal ends it."""
    listen, serving = build((ListenOptions, ServingOptions), vars(arguments))

    from finetune.serving.models import read_sources  # noqa: PLC0415 - --help must not wait for the server
    from finetune.serving.server import Plan, serve  # noqa: PLC0415 - likewise

    serve(Plan(read_sources(arguments.models), listen, serving), say)
    return 0
