"""Measure a trained model on a file of texts and labels: the metrics as JSON, and a report if wanted.

The file may be of any format that training reads; its labels must be among the model's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.commands.device import add_device_arguments
from finetune.errors import RequestError
from finetune.options import DataOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
EXAMPLES = """examples:
  finetune evaluate runs/news data/raw/later.csv
  finetune evaluate runs/news data/raw/later.csv --output-dir runs/news-later
  finetune evaluate models/final/news data/raw/news/test.txt --gpu-id -1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept a model and a file."""
    parser.add_argument("model", type=Path, help="run folder, or the model folder in it")
    parser.add_argument("file", type=Path, help="file or folder with texts and labels")
    parser.add_argument(
        "--text-column", metavar="NAME", help="column with the text, where it is not found by itself"
    )
    parser.add_argument(
        "--label-column", metavar="NAME", help="column with the label, where it is not found by itself"
    )
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be read")
    parser.add_argument(
        "--output-dir", type=Path, metavar="PATH", help="write metrics.json, report.md and report.html here"
    )
    parser.add_argument("--cache-dir", type=Path, metavar="PATH", help="where tokenised data is kept")
    add_device_arguments(parser)


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Measure and print."""
    from finetune.measure import measure, write_measured  # noqa: PLC0415 - --help must not wait for torch
    from finetune.predict import Predictor  # noqa: PLC0415 - likewise

    data = DataOptions(
        data=arguments.file,
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        skip_bad_rows=arguments.skip_bad_rows,
        cache_dir=arguments.cache_dir,
    )
    out: Path | None = arguments.output_dir
    if out and (out / "config.json").is_file():
        raise RequestError(f"--output-dir {out}: a run or a model lies there; accepted: another folder")
    predictor = Predictor(arguments.model, arguments.gpu_id, arguments.precision)
    measured = measure(arguments.model.name, predictor, data, say)
    print(json.dumps(measured.metrics, indent=2))  # noqa: T201 - the answer
    if out:
        write_measured(measured, out)
        say(f"report     {out / 'report.html'}")
    return 0
