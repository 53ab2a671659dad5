"""What more rows and more processes cost: throughput, memory and start-up.

    python benchmarks/growth.py --rows 10000 100000 1000000 10000000 --output RECORD.json

Each size is trained for the same number of steps, each time in a process of its own: the first start
tokenises, then all sizes take turns at starts that find the tokens in the cache, of which the middle one
counts; their throughput is also compared with that of the first size in the same turn. Memory is the peak of
the process: what the kernel counts as resident beyond mapped files, since those are given back when memory is
wanted.

Then a 4-layer BERT is trained by one process with one thread and by two of them, taking turns: efficiency is
the throughput of two over twice that of one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from record import facts
from shapes import SMALL, TITLES

from finetune.demo import titles, write_encoder
from finetune.writing import write_json

HERE = Path(__file__).resolve().parent.parent
STEPS, TOGETHER_STEPS, WARMUP = 600, 60, 10
TURNS = 5


@dataclass(frozen=True)
class Start:
    """One start of the program: when its first step was done, how fast it then was, what it held."""

    seconds_to_first_step: float
    texts_per_second: float
    peak_private_bytes: int
    tokens_found: bool


def write_titles(path: Path, rows: int) -> None:
    """Write rows of characters with the lengths of news titles, and one of five classes."""
    alphabet = np.array(sorted({one for text, _ in titles() for one in text if not one.isspace()}))
    generator = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, rows, 10_000):
            lengths = generator.choice(TITLES[1:-1], min(10_000, rows - start)) - 2
            letters = "".join(generator.choice(alphabet, int(lengths.sum())))
            ends = np.cumsum(lengths)
            labels = generator.integers(0, 5, len(lengths))
            file.writelines(
                f"{letters[end - length : end]}\t{label}\n"
                for end, length, label in zip(ends, lengths, labels, strict=True)
            )


def start(data: Path, encoder: Path, work: Path, steps: int = STEPS, processes: int = 0) -> Start:
    """Train for some steps in a process of its own and watch it; or in so many of one thread each."""
    launch = (
        ["torch.distributed.run", f"--nproc-per-node={processes}", "--standalone", "-m"] if processes else []
    )
    threads = {"OMP_NUM_THREADS": "1"} if processes else {}
    argv = [sys.executable, "-m", *launch, "finetune", "classify", "--train-file", str(data / "train.txt")]
    argv += ["--validation-file", str(data / "dev.txt"), "--encoder", str(encoder), "--gpu-id", "-1"]
    argv += ["--max-steps", str(steps), "--logging-steps", str(WARMUP), "--cache-dir", str(work / "cache")]
    argv += ["--output-dir", str(work / "run"), "--overwrite"]
    began, first, peak, said = time.monotonic(), 0.0, 0, b""
    with subprocess.Popen(
        argv, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(HERE), **threads},
    ) as process:  # fmt: skip
        assert process.stdout is not None  # noqa: S101 - it was asked for
        os.set_blocking(process.stdout.fileno(), False)
        while process.poll() is None:
            said += process.stdout.read() or b""  # None: nothing to read yet
            if not first and re.search(rb"step \d+/", said):
                first = time.monotonic() - began
            peak = max(peak, private_bytes(process.pid))
            time.sleep(0.05)
        said += process.stdout.read() or b""
    if process.returncode != 0:
        raise SystemExit(said.decode(errors="replace"))
    metrics = json.loads((work / "run" / "metrics.json").read_text(encoding="utf-8"))
    found = b"found in the cache" in said
    return Start(round(first, 1), round(metrics["training"]["texts_per_second"], 1), peak, found)


def private_bytes(pid: int) -> int:
    """Read what a process holds that is no mapped file."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found.group(1)) * 1024 if found else 0


def grow(sizes: list[int], work: Path) -> list[dict[str, Any]]:
    """Start each size with nothing in the cache, then all in turns with everything in it."""
    encoder = write_encoder(work / "encoder", [text for text, _ in titles()])
    cold: dict[int, Start] = {}
    warm: dict[int, list[Start]] = {}
    for rows in sizes:
        place = work / str(rows)
        place.mkdir()
        write_titles(place / "train.txt", rows)
        write_titles(place / "dev.txt", 500)
        cold[rows], warm[rows] = start(place, encoder, place), []
        print(rows, cold[rows], flush=True)
    for _ in range(TURNS):
        for rows, starts in warm.items():
            starts.append(start(work / str(rows), encoder, work / str(rows)))
            print(rows, starts[-1], flush=True)
    first = warm[sizes[0]]
    return [
        {
            "rows": rows,
            "cold": vars(cold[rows]),
            "warm": middle(warm[rows]),
            "texts_per_second_of_each_start": [one.texts_per_second for one in warm[rows]],
            "of_first": ratio(warm[rows], first),
        }
        for rows in sizes
    ]


def ratio(starts: list[Start], first: list[Start]) -> float:
    """Compare the throughput of each start with that of another in the same turn: the middle ratio."""
    pairs = zip(starts, first, strict=True)
    return round(median(one.texts_per_second / other.texts_per_second for one, other in pairs), 3)


def middle(starts: list[Start]) -> dict[str, Any]:
    """Take the median of each figure; the tokens must have been there every time."""
    figures = {name: median(vars(one)[name] for one in starts) for name in vars(starts[0])}
    return {**figures, "tokens_found": all(one.tokens_found for one in starts)}


def together(work: Path) -> dict[str, Any]:
    """Let one and two processes take turns at the same work."""
    write_titles(work / "train.txt", 10_000)
    write_titles(work / "dev.txt", 500)
    encoder = write_encoder(work / "encoder", [text for text, _ in titles()], size=SMALL)
    found: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(TURNS):
        for count, speeds in found.items():
            speeds.append(start(work, encoder, work, TOGETHER_STEPS, count).texts_per_second)
    one, two = (median(found[count]) for count in (1, 2))
    return {"texts_per_second": {"1": one, "2": two}, "efficiency": round(two / one / 2, 3)}


def imports() -> float:
    """Time what every start pays for before it can do anything: the middle one of some."""
    code = "import transformers.modeling_utils, finetune.light, finetune.pipeline, torch.utils.tensorboard"
    found = []
    for _ in range(TURNS):
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-c", code], check=True, cwd=HERE, env={**os.environ, "PYTHONPATH": str(HERE)}
        )
        found.append(time.monotonic() - began)
    return round(median(found), 1)


def main() -> None:
    """Grow; print and write the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    given = parser.parse_args()
    record: dict[str, Any] = {**facts("growth", "cpu"), "seconds_of_imports": imports()}
    with tempfile.TemporaryDirectory() as folder:
        record["rows"] = grow(given.rows, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        record["processes"] = together(Path(folder))
    print(json.dumps(record["processes"]), flush=True)
    if given.output:
        write_json(given.output, record)


if __name__ == "__main__":
    main()
