"""Write a trained model as TorchScript, ONNX or a Triton repository, and verify that it answers the same.

The same texts go through the model and its export: the rows of --file, whose labels also show what accuracy
was lost, or else texts that are made of the model's vocabulary. An export that differs too much is not kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.arguments import add_options, build, flag
from finetune.errors import RequestError
from finetune.layout import EXPORTS
from finetune.options import DataOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXAMPLES = """examples:
  finetune export runs/news --format onnx-int8 --file data/raw/news/test.txt
  finetune export runs/news --format triton --output-dir models/triton"""
COLUMNS = ("text_column", "label_column")
OF_A_FILE = (*COLUMNS, "max_rows", "max_loss")
FORMATS = ("torchscript", "onnx", "onnx-fp16", "onnx-int8", "triton", "triton-fp16", "triton-int8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept a model, a format, and texts to verify with."""
    parser.add_argument("model", type=Path, help="run folder, or the model folder in it")
    parser.add_argument("--format", choices=FORMATS, default="onnx", help="what to write [onnx]")
    parser.add_argument(
        "--output-dir",
        type=Path,
        metavar="PATH",
        help="where to [MODEL/exports/FORMAT]; an export is replaced",
    )
    parser.add_argument("--file", type=Path, metavar="PATH", help="texts with labels to verify with")
    add_options(parser, (DataOptions,), only=COLUMNS)
    parser.add_argument(
        "--max-rows", type=int, metavar="N", help="verify with at most this many rows of the file"
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        metavar="POINTS",
        help="largest loss of accuracy (F1 where that is the main metric) that is accepted, in points "
        "[0.1; onnx-fp16 0.2; onnx-int8 0.5]",
    )


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Export and say what came out."""
    given = {**vars(arguments), "data": arguments.file}
    alone = [] if arguments.file else [flag(one) for one in OF_A_FILE if given.get(one) is not None]
    if alone:
        raise RequestError(f"{', '.join(alone)}: give --file FILE too, with texts and labels to verify with")

    from finetune.export.run import Wanted, export  # noqa: PLC0415 - --help must not wait for torch

    data = build((DataOptions,), given)[0] if arguments.file is not None else None
    target = arguments.output_dir or arguments.model / EXPORTS / arguments.format
    record = export(Wanted(arguments.model, arguments.format, data, arguments.max_loss), target, say)
    for line in told(record):
        say(line)
    say(f"export     {target}")
    return 0


def told(record: dict[str, Any]) -> list[str]:
    """Put the figures into words."""
    latency, differ = record["latency_ms"], f"{record['largest_difference']:.2g}"
    metrics = {name: one for name, one in record.items() if isinstance(one, dict) and "before" in one}
    del metrics["latency_ms"]
    return [
        f"way        {record['way']}",
        f"size       {record['bytes'] / 1e6:.1f} MB",
        f"answers    {record['agreement']:.2%} the same; probabilities differ by at most {differ}",
        *(
            f"{name:<10} {one['before']:.4f} before, {one['after']:.4f} after"
            for name, one in metrics.items()
        ),
        f"latency    {latency['before']:.1f} ms for one text before, {latency['after']:.1f} ms after",
    ]
