"""Requests per second and latency: the tutorials' FastAPI service, ours, the engine alone; on a CPU or a GPU.

    python benchmarks/serving.py --model runs/news     (about 10 minutes; needs fastapi besides the image)
    python benchmarks/serving.py --base-shape --overload-minutes 10
    python benchmarks/serving.py --base-shape --device cuda --tokens 128

On a CPU exports in fp32 and int8 are served, on a GPU the model itself, plain and compiled, and an export in
fp16 where onnxruntime can use the GPU. Everything runs on this machine over loopback: one service at a time,
the generator in processes of its own. The ceiling is the same texts through the same engine in one offline
run, in batches of equal lengths. All of it is done in several rounds, since a shared machine has spells; a
row is its middle round, and the record is written after each. Triton is measured where one runs: give its
HTTP port, the model that takes texts, and the precision in which it computes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from record import device_name, facts
from serving_contenders import PORT, Contender, base_shape, field, made_texts, read_texts

from finetune.writing import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving_contenders import Field, Setting

HERE = Path(__file__).resolve().parent
PACKAGES = (
    "torch", "transformers", "onnxruntime", "onnxruntime-gpu", "starlette", "uvicorn", "fastapi",
    "tokenizers", "numpy",
)  # fmt: skip
OVERLOAD_QUEUE = 64
AIMED_AT = 5000  # requests a second of BERT-base at 128 tokens on a GPU
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Usage:
    """Processor seconds and resident megabytes of a process, seen every half second."""

    pid: int
    megabytes: list[float]
    over: threading.Event

    def cpu(self) -> float:
        """Processor seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def watch(self) -> None:
        """Look until it is over."""
        page = os.sysconf("SC_PAGE_SIZE")
        while not self.over.wait(0.5):
            self.megabytes.append(int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * page / 2**20)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, help="run or model folder of a classifier")
    what.add_argument("--base-shape", action="store_true", help="BERT-base with random weights: speed alone")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="what computes [cpu]")
    texts = parser.add_mutually_exclusive_group()
    texts.add_argument("--texts", type=Path, help="file with texts, any format that training reads")
    texts.add_argument("--tokens", type=int, help="made texts of so many tokens (default: mixed lengths)")
    parser.add_argument("--seconds", type=float, default=10, help="for each service, clients and round")
    parser.add_argument("--rounds", type=positive, default=3, help="how often all of it is measured [3]")
    parser.add_argument("--overload-minutes", type=float, default=0, help="at twice the rate, so long")
    parser.add_argument(
        "--exports", type=Path, help="folder with onnx/ and so on, where they are made already"
    )
    parser.add_argument(
        "--triton",
        metavar="PORT:MODEL:PRECISION",
        help="a model of a running Triton server",
    )
    parser.add_argument("--output", type=Path, help="the record (default: results/serving-DEVICE-DATE.json)")
    given = parser.parse_args()
    given.output = given.output or default_output(given.device)
    if find_spec("fastapi") is None:
        parser.error(
            "the tutorials' service needs fastapi, which is not installed; do: uv pip install fastapi"
        )
    return given


def positive(word: str) -> int:
    """Read a number of rounds."""
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"found {word}, accepted: 1 and more")
    return int(word)


@contextmanager
def running(one: Contender) -> Iterator[Usage]:
    """Start a service, wait until it is ready, end it."""
    with tempfile.TemporaryFile() as log, subprocess.Popen(one.command, stderr=log) as process:
        usage = Usage(process.pid, [], threading.Event())
        try:
            wait_until_ready(process, log)
            watcher = threading.Thread(target=usage.watch)
            watcher.start()
            yield usage
        finally:
            usage.over.set()
            process.terminate()
            process.wait(60)


def wait_until_ready(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Ask until it answers; show what a service that ends has said."""
    for _ in range(1500):
        if process.poll() is not None:
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{process.args!r} ended with {process.returncode}:\n{said}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{process.args!r} was not ready within five minutes")


def load(port: int, texts: Path, **how: object) -> dict[str, Any]:
    """Run the generator."""
    words = [f"{name}={value}" for name, value in how.items()]
    command = [sys.executable, str(HERE / "serving_load.py"), str(port), str(texts), *words]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def measured(one: Contender, texts: Path, seconds: float, setting: Setting) -> Iterator[dict[str, Any]]:
    """Measure a service at each number of clients."""
    with running(one) as usage:
        load(PORT, texts, clients=4, seconds=2)
        for clients in setting.clients:
            usage.megabytes.clear()
            cpu, wall = usage.cpu(), time.perf_counter()
            processes = min(setting.generators, clients)
            found = load(PORT, texts, clients=clients, seconds=seconds, processes=processes)
            cores = (usage.cpu() - cpu) / (time.perf_counter() - wall)
            memory = {"cores_used": round(cores, 2), "resident_mb": round(max(usage.megabytes, default=0.0))}
            yield {"service": one.name, "clients": clients, **found, **memory}


def offline(there: Field, texts: list[str]) -> Iterator[dict[str, Any]]:
    """Measure the engines by themselves: all texts in one run, and each text in a call of its own."""
    for service, (name, engine) in there.engines().items():
        engine(texts[:50])
        began = time.perf_counter()
        engine(texts)
        rate = len(texts) / (time.perf_counter() - began)
        each = []
        for text in texts[:200]:
            began = time.perf_counter()
            engine([text])
            each.append(1000 * (time.perf_counter() - began))
        found = {f"single_p{q}_ms": round(np.percentile(each, q), 2) for q in (50, 99)}
        files = (there.exports.get(name) or there.model).glob("model.*")
        size = {"model_mb": round(sum(one.stat().st_size for one in files) / 1e6, 1)}
        row = {"engine": name, "service": service, **size, "offline_texts_per_second": round(rate, 2)}
        yield {**row, **found}


def triton(where: str, texts: Path, seconds: float, setting: Setting) -> list[dict[str, Any]]:
    """Measure a Triton server; it says itself which backend computes, but not in which precision."""
    port, model, precision = where.split(":")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/{model}_logits/config") as answer:
        service = f"triton {precision}, {json.load(answer)['backend']} backend"
    how = {"seconds": seconds, "triton": model}
    load(int(port), texts, clients=4, seconds=2, triton=model)
    return [
        {"service": service, "clients": n, **load(int(port), texts, clients=n, processes=m, **how)}
        for n in setting.clients
        for m in [min(setting.generators, n)]
    ]


def overload(one: Contender, texts: Path, rate: float, minutes: float) -> dict[str, Any]:
    """Send twice what the service can answer, and watch its memory."""
    small = Contender(
        one.name, [*one.command, "--max-queue", str(OVERLOAD_QUEUE), "--max-texts", str(OVERLOAD_QUEUE)]
    )
    with running(small) as usage:
        load(PORT, texts, clients=16, seconds=5)
        usage.megabytes.clear()
        found = load(PORT, texts, rate=2 * rate, seconds=60 * minutes)
        seen = list(usage.megabytes)
    quarter = max(1, len(seen) // 4)
    memory = {"resident_mb_first_quarter": round(float(np.mean(seen[:quarter]))),
              "resident_mb_last_quarter": round(float(np.mean(seen[-quarter:])))}  # fmt: skip
    return {"service": one.name, "sent_per_second": round(2 * rate, 1), "minutes": minutes, **found, **memory}


def aims(
    rows: list[dict[str, Any]], engines: list[dict[str, Any]], setting: Setting, device: str
) -> dict[str, float]:
    """Hold the record against what was aimed at; the tutorials' better service counts."""
    rate = {(row["service"], row["clients"]): row["requests_per_second"] for row in rows}
    most, found = max(setting.clients), {}
    tutorial = max(rate[name, most] for name, _ in rate if name.startswith("tutorial"))
    for engine in engines:
        name = engine["service"]
        light = next(row["p99_ms"] for row in rows if (row["service"], row["clients"]) == (name, 1))
        found[f"{name} by tutorial at {most} clients"] = rate[name, most] / tutorial
        found[f"{name} by its ceiling at {most} clients"] = (
            rate[name, most] / engine["offline_texts_per_second"]
        )
        found[f"{name} p99 of one client by that of single calls"] = light / engine["single_p99_ms"]
    if device == "cuda":
        found[f"the best by {AIMED_AT:,} requests a second"] = max(rate.values()) / AIMED_AT
    return {name: round(value, 3) for name, value in found.items()}


@dataclass
class Seen:
    """What the rounds have measured so far."""

    engines: list[dict[str, Any]]
    rows: list[dict[str, Any]]

    def one_round(self, there: Field, file: Path, texts: list[str], given: argparse.Namespace) -> None:
        """Measure everybody once, and print each row as it comes."""
        setting = there.setting
        for one in offline(there, texts[: len(texts) // 4] if given.device == "cpu" else texts):
            self.engines.append(shown(one))
        for contender in there.contenders():
            self.rows += map(shown, measured(contender, file, given.seconds, setting))
        if given.triton:
            self.rows += map(shown, triton(given.triton, file, given.seconds, setting))

    def figures(self, there: Field) -> dict[str, Any]:
        """Take the middle rounds, and hold them against the aims."""
        engines = middle(self.engines, ("engine",), "offline_texts_per_second")
        rows = middle(self.rows, ("service", "clients"), "requests_per_second")
        reached = aims(rows, engines, there.setting, there.device)
        return {"engines": engines, "rows": rows, "overload": None, "aims": reached}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Print a row."""
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    """Measure everything and write the record."""
    given = arguments()
    record = facts("serving", device_name(given.device), tuple(filter(installed, PACKAGES)))
    with tempfile.TemporaryDirectory() as work:
        model = given.model or base_shape(Path(work) / "base")
        model = model / "model" if (model / "model").is_dir() else model
        there = field(model, given.exports or Path(work) / "exports", given.device)
        texts = read_texts(given.texts) if given.texts else made_texts(given.tokens)
        file = Path(work) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        seen = Seen([], [])
        for _ in range(given.rounds):
            seen.one_round(there, file, texts, given)
            record = {**record, "lengths": lengths(texts), **seen.figures(there)}
            write_json(given.output, record)
        if given.overload_minutes:
            record["overload"] = pressed(there, file, record["rows"], given.overload_minutes)
            write_json(given.output, record)
    print(json.dumps(record["aims"], indent=2))


def pressed(there: Field, file: Path, rows: list[dict[str, Any]], minutes: float) -> dict[str, Any]:
    """Send the last service twice what it answered at best."""
    last = there.contenders()[-1]
    best = max(row["requests_per_second"] for row in rows if row["service"] == last.name)
    return overload(last, file, best, minutes)


def installed(package: str) -> bool:
    """Tell whether a version can be named."""
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


def default_output(device: str) -> Path:
    """Name the record by the day."""
    return HERE / "results" / f"serving-{device}-{dt.datetime.now(dt.UTC).date().isoformat()}.json"


def middle(found: list[dict[str, Any]], key: tuple[str, ...], rate: str) -> list[dict[str, Any]]:
    """Take of each contender's rounds the one in the middle, and name the rates of all."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for one in found:
        groups.setdefault(tuple(one[name] for name in key), []).append(one)
    return [
        {
            **sorted(rounds, key=lambda one: one[rate])[len(rounds) // 2],
            "rounds": [one[rate] for one in rounds],
        }
        for rounds in groups.values()
    ]


def lengths(texts: list[str]) -> dict[str, float]:
    """Describe the texts: characters at some percentiles."""
    found = np.percentile([len(one) for one in texts], [50, 90, 99])
    return {"texts": len(texts), **dict(zip(("p50", "p90", "p99"), map(float, found), strict=True))}


if __name__ == "__main__":
    main()
