"""Measure a trained model on a file of texts and labels: the metrics as JSON, and a report if wanted.

The file may be of any format that training reads; its labels must be among the model's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.arguments import add_options, build
from finetune.errors import RequestError
from finetune.options import DataOptions, TrainingOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

OPTIONS = ("text_column", "label_column", "skip_bad_rows", "cache_dir", "gpu_id", "precision")
EXAMPLES = """examples:
  finetune evaluate runs/news data/raw/later.csv
  finetune evaluate runs/news data/raw/later.csv --output-dir runs/news-later
  finetune evaluate models/final/news data/raw/news/test.txt --gpu-id -1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept a model and a file."""
    parser.add_argument("model", type=Path, help="run folder, or the model folder in it")
    parser.add_argument("file", type=Path, help="file or folder with texts and labels")
    parser.add_argument(
        "--output-dir", type=Path, metavar="PATH", help="write metrics.json, report.md and report.html here"
    )
    add_options(parser, (DataOptions, TrainingOptions), only=OPTIONS)


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Measure and print."""
    from finetune.measure import measure, write_measured  # noqa: PLC0415 - --help must not wait for torch
    from finetune.predict import Predictor  # noqa: PLC0415 - likewise

    given = {**vars(arguments), "data": arguments.file}
    data, device = build((DataOptions, TrainingOptions), given)
    out: Path | None = arguments.output_dir
    if out and (out / "config.json").is_file():
        raise RequestError(f"--output-dir {out}: a run or a model lies there; accepted: another folder")
    predictor = Predictor(arguments.model, device.gpu_id, device.precision)
    measured = measure(arguments.model.name, predictor, data, say)
    print(json.dumps(measured.metrics, indent=2))  # noqa: T201 - the answer
    if out:
        write_measured(measured, out)
        say(f"report     {out / 'report.html'}")
    return 0
