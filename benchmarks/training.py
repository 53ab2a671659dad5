"""Training speed beside what people use: the tutorials' loop, the stock Trainer, finetune, taking turns.

    python benchmarks/training.py                  # a small BERT on the CPU, minutes; short texts alone
    python benchmarks/training.py --device cuda    # BERT-base on one GPU, under 9 minutes

Data is generated with the length distributions of well-known data sets, weights are random: no network. The
contenders get their tokens ready made, which spares the tutorials' loop its tokenising in each epoch.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from contenders import BATCH, Setting, finetune, half_precision, stock, tutorial
from record import device_name, facts
from shapes import BASE, SHAPES, SMALL, generate
from turns import Figures, Pace, compete

from finetune.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapes import Shape
    from turns import Contender

SHORT = ("thucnews-titles", "msra")
# the Trainer sorts the texts of so many steps, longest first: whoever sees fewer sees its longest ones alone
LAP = 50
# that a turn has at the least: steps of short texts are cheap
TURN_TOKENS = {"cpu": 12_000, "cuda": 100_000}
TEXTS = {"cpu": 6_400, "cuda": 20_000}  # enough for laps of that length
WORKS: dict[str, Callable[[Contender, Any], None]] = {
    "tutorial": partial(tutorial, amp=False),
    "tutorial-amp": partial(tutorial, amp=True),
    "trainer": partial(stock, tuned=False),
    "trainer-tuned": partial(stock, tuned=True),
    "finetune": finetune,
}


def matrix_rate(device: str) -> float:
    """Measure the best rate of matrix products here, in FLOP a second: the 100% of MFU."""
    size = 8192 if device == "cuda" else 1024
    left, right = (torch.randn(size, size, device=device, dtype=half_precision(device)) for _ in range(2))
    best = 0.0
    for _ in range(10):
        began = time.perf_counter()
        float((left @ right)[0, 0])  # read, so that a GPU has finished
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def flops_per_token(size: dict[str, int], length: float) -> float:
    """Count forward and backward: 6 a weight of the layers, 12 a layer, hidden unit and token seen.

    Chowdhery et al. 2022 (PaLM), appendix B; embeddings are look-ups and do not count.
    """
    layers, hidden, inner = size["num_hidden_layers"], size["hidden_size"], size["intermediate_size"]
    weights = layers * (4 * hidden * hidden + 2 * hidden * inner)
    return 6 * weights + 12 * layers * hidden * length


def race(shape: Shape, device: str, turns: int, rate: float) -> list[dict[str, Any]]:
    """Let all contenders train on one shape; return a row for each."""
    size = BASE if device == "cuda" else SMALL
    lengths = shape.lengths(TEXTS[device])
    steps = steps_a_turn(device, turns, float(lengths.mean()))
    works = {name: work for name, work in WORKS.items() if half_precision(device) or name != "tutorial-amp"}
    found = compete(works, partial(make, shape, device), device, Pace(turns, steps, warmup_steps=steps))
    # attention costs as its own text is long: the mean over tokens, not over texts
    cost = flops_per_token(size, float((lengths**2).sum() / lengths.sum())) / rate
    return [row(name, one, shape, cost) for name, one in found.items()]


def make(shape: Shape, device: str) -> Setting:
    """Generate the data of a shape, for the model that suits the device."""
    return Setting(generate(shape, TEXTS[device]), BASE if device == "cuda" else SMALL, device)


def steps_a_turn(device: str, turns: int, length: float) -> int:
    """Count the steps of a turn: in five of them 10 of film reviews on a CPU, 19 of titles."""
    return max(-(-LAP // turns), round(TURN_TOKENS[device] / BATCH / length))


def row(name: str, one: Figures, shape: Shape, seconds_per_token: float) -> dict[str, Any]:
    """Write a contender's figures."""
    return {
        "contender": name,
        "shape": shape.name,
        "samples_per_second": round(one.texts / one.seconds, 1),
        "tokens_per_second": round(one.tokens / one.seconds),
        "mfu": round(one.tokens / one.seconds * seconds_per_token, 4),
        "padding_share": round(1 - one.tokens / one.computed, 4),
        "peak_memory_bytes": one.peak_memory,
        "seconds_to_first_step": round(one.first_step, 2),
        "joules_per_1000_samples": None if one.joules is None else round(1000 * one.joules / one.texts, 1),
    }


def main() -> None:
    """Race on every shape; print and write the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--shapes", nargs="+", choices=list(SHAPES), help="default: all; on a CPU those of short texts"
    )
    parser.add_argument("--turns", type=int, default=5, help="turns of each contender that count")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    given = parser.parse_args()
    name = device_name(given.device)
    record: dict[str, Any] = {**facts("training", name), "rows": []}
    rate = matrix_rate(given.device)
    record["matrix_flop_per_second"] = rate
    print(f"{name}: matrix products at {rate / 1e12:.2f} TFLOP/s", flush=True)
    for shape in given.shapes or (SHAPES if given.device == "cuda" else SHORT):
        rows = race(SHAPES[shape], given.device, given.turns, rate)
        record["rows"] += rows
        record["ratios"] = ratios(record["rows"])
        print(lines(rows), flush=True)
        if given.output:
            write_json(given.output, record)


def lines(rows: list[dict[str, Any]]) -> str:
    """Write one shape's rows for people, each beside the slowest."""
    slowest = min(one["tokens_per_second"] for one in rows)
    return "\n".join(
        f"{one['shape']:<16} {one['contender']:<14} {one['samples_per_second']:>9,.1f} texts/s "
        f"{one['tokens_per_second']:>9,} tokens/s x{one['tokens_per_second'] / slowest:<6.1f} "
        f"padding {one['padding_share']:6.1%}  MFU {one['mfu']:6.1%}"
        for one in rows
    )


def ratios(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Divide finetune's real tokens a second by each other contender's, shape by shape.

    Tokens, since in a short race the one may draw longer texts than the other.
    """
    speed = {(one["shape"], one["contender"]): one["tokens_per_second"] for one in rows}
    shapes = dict.fromkeys(one["shape"] for one in rows)
    return {
        shape: {
            who: round(speed[shape, "finetune"] / value, 2)
            for (at, who), value in speed.items()
            if at == shape and who != "finetune"
        }
        for shape in shapes
    }


if __name__ == "__main__":
    main()
