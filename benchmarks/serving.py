"""Requests per second and latency: the tutorials' FastAPI service, ours in fp32 and int8, the engine alone.

    python benchmarks/serving.py --model runs/news     (about 10 minutes; needs fastapi besides the image)
    python benchmarks/serving.py --base-shape --overload-minutes 10

Everything runs on this machine over loopback: one service at a time, the generator in a process of its own.
The ceiling is the same texts through the same engine in one offline run, in batches of equal lengths. All of
it is done in three rounds, since a shared machine has spells; a row is its middle round. Triton is measured
where one runs: give its HTTP port and the model that takes texts.
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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from record import facts, write

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
PORT = 8765
CLIENTS = (1, 8, 64)
PACKAGES = ("torch", "transformers", "onnxruntime", "starlette", "uvicorn", "fastapi", "tokenizers", "numpy")
TEXTS = 2000
ROUNDS = 3
OVERLOAD_QUEUE = 64
TICKS = os.sysconf("SC_CLK_TCK")
FORMATS = ("onnx", "onnx-int8")


@dataclass(frozen=True)
class Contender:
    """A service and the command that starts it."""

    name: str
    command: list[str]


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
    parser.add_argument("--texts", type=Path, help="file with texts, any format that training reads")
    parser.add_argument("--seconds", type=float, default=10, help="for each service, clients and round")
    parser.add_argument("--overload-minutes", type=float, default=0, help="int8 at twice its rate, so long")
    parser.add_argument(
        "--exports", type=Path, help="folder with onnx/ and onnx-int8/, where they are made already"
    )
    parser.add_argument("--triton", metavar="PORT:MODEL", help="a model of a Triton server that is running")
    parser.add_argument("--output", type=Path, help="the record (default: results/serving-cpu-DATE.json)")
    return parser.parse_args()


def mixed_texts(count: int) -> list[str]:
    """Put titles together to texts of mixed lengths: half of them are single titles, few near 128 tokens."""
    from finetune.demo import titles  # noqa: PLC0415 - only where no file is given

    generator = np.random.default_rng(7)
    pool = [text for text, _ in titles()]
    sizes = np.clip(generator.lognormal(0.3, 0.8, count).round(), 1, 10).astype(int)
    return ["，".join(generator.choice(pool, size)) for size in sizes]


def read_texts(path: Path | None) -> list[str]:
    """Take the user's texts, or made ones."""
    if path is None:
        return mixed_texts(TEXTS)
    from finetune.commands.predict import file_texts  # noqa: PLC0415 - see mixed_texts

    found = list(file_texts(path, None))
    return [found[at] for at in np.random.default_rng(7).permutation(len(found))[:TEXTS]]


def base_shape(folder: Path) -> Path:
    """Write a BERT-base whose weights nobody trained."""
    from finetune.demo import titles, write_encoder  # noqa: PLC0415 - see mixed_texts
    from finetune.tasks.registry import FACTS  # noqa: PLC0415 - likewise

    write_encoder(folder, [text for text, _ in titles()])
    from transformers import BertConfig, BertForSequenceClassification  # noqa: PLC0415 - likewise

    names = [f"class {number}" for number in range(10)]
    config = BertConfig(vocab_size=21128, id2label=dict(enumerate(names)))
    BertForSequenceClassification(config).save_pretrained(folder)
    facts = {"task": "classify", "labels": names, "max_seq_length": 128, "numbered": False}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    return folder


def export(model: Path, folder: Path) -> Path:
    """Export to each format that is not there yet."""
    for form in FORMATS:
        if not (folder / form / "model.onnx").is_file():
            command = [sys.executable, "-m", "finetune", "export", str(model), "--format", form]
            subprocess.run([*command, "--output-dir", str(folder / form)], check=True)
    return folder


@contextmanager
def running(one: Contender) -> Iterator[Usage]:
    """Start a service, wait until it is ready, end it."""
    with subprocess.Popen(one.command, stderr=subprocess.DEVNULL) as process:
        usage = Usage(process.pid, [], threading.Event())
        try:
            wait_until_ready(process)
            watcher = threading.Thread(target=usage.watch)
            watcher.start()
            yield usage
        finally:
            usage.over.set()
            process.terminate()
            process.wait(60)


def wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    """Ask until it answers."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{process.args!r} was not ready within two minutes")


def load(port: int, texts: Path, **how: object) -> dict[str, Any]:
    """Run the generator."""
    words = [f"{name}={value}" for name, value in how.items()]
    command = [sys.executable, str(HERE / "serving_load.py"), str(port), str(texts), *words]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def measured(one: Contender, texts: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """Measure a service at each number of clients."""
    with running(one) as usage:
        load(PORT, texts, clients=4, seconds=2)
        for clients in CLIENTS:
            usage.megabytes.clear()
            cpu, wall = usage.cpu(), time.perf_counter()
            found = load(PORT, texts, clients=clients, seconds=seconds)
            cores = (usage.cpu() - cpu) / (time.perf_counter() - wall)
            memory = {"cores_used": round(cores, 2), "resident_mb": round(max(usage.megabytes, default=0.0))}
            yield {"service": one.name, "clients": clients, **found, **memory}


def offline(folder: Path, texts: list[str]) -> dict[str, Any]:
    """Measure the engine by itself: all texts in one run, and each text in a call of its own."""
    from finetune import runtime  # noqa: PLC0415 - see mixed_texts

    engine = runtime.load(folder, len(os.sched_getaffinity(0)))
    engine(texts[:50])
    began = time.perf_counter()
    engine(texts)
    rate = len(texts) / (time.perf_counter() - began)
    each = []
    for text in texts[:200]:
        began = time.perf_counter()
        engine([text])
        each.append(1000 * (time.perf_counter() - began))
    single = {
        "single_p50_ms": round(np.percentile(each, 50), 2),
        "single_p99_ms": round(np.percentile(each, 99), 2),
    }
    size = sum(one.stat().st_size for one in folder.glob("model.onnx*")) / 1e6
    engine_row = {"engine": folder.name, "model_mb": round(size, 1)}
    return {**engine_row, "offline_texts_per_second": round(rate, 2), **single}


def triton(where: str, texts: Path, seconds: float) -> list[dict[str, Any]]:
    """Measure a Triton server; it says itself which backend computes."""
    port, model = where.split(":")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/{model}_logits/config") as answer:
        service = f"triton, {json.load(answer)['backend']} backend"
    load(int(port), texts, clients=4, seconds=2, triton=model)
    measured_at = {n: load(int(port), texts, clients=n, seconds=seconds, triton=model) for n in CLIENTS}
    return [{"service": service, "clients": n, **found} for n, found in measured_at.items()]


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


def aims(rows: list[dict[str, Any]], engines: list[dict[str, Any]]) -> dict[str, float]:
    """Hold the record against what was aimed at; the tutorials' better service counts."""
    rate = {(row["service"], row["clients"]): row["requests_per_second"] for row in rows}
    tutorial = max(
        value for (name, clients), value in rate.items() if name.startswith("tutorial") and clients == 64
    )
    found = {"int8 by tutorial at 64 clients": rate["int8", 64] / tutorial}
    for engine, name in zip(engines, ("fp32", "int8"), strict=True):
        light = next(row["p99_ms"] for row in rows if (row["service"], row["clients"]) == (name, 1))
        found[f"{name} by its ceiling at 64 clients"] = rate[name, 64] / engine["offline_texts_per_second"]
        found[f"{name} p99 of one client by that of single calls"] = light / engine["single_p99_ms"]
    return {name: round(value, 3) for name, value in found.items()}


def main() -> None:
    """Measure everything and write the record."""
    given = arguments()
    with tempfile.TemporaryDirectory() as work:
        model = given.model or base_shape(Path(work) / "base")
        model = model / "model" if (model / "model").is_dir() else model
        exports = export(model, given.exports or Path(work) / "exports")
        texts = read_texts(given.texts)
        file = Path(work) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        offlines: list[dict[str, Any]] = []
        seen: list[dict[str, Any]] = []
        for _ in range(ROUNDS):
            offlines += [offline(exports / form, texts[: TEXTS // 4]) for form in FORMATS]
            for one in contenders(model, exports):
                seen += measured(one, file, given.seconds)
            seen += triton(given.triton, file, given.seconds) if given.triton else []
            print(json.dumps(seen[-1]), flush=True)
        engines = middle(offlines, ("engine",), "offline_texts_per_second")
        rows = middle(seen, ("service", "clients"), "requests_per_second")
        int8 = contenders(model, exports)[-1]
        best = next(
            row["requests_per_second"] for row in rows if (row["service"], row["clients"]) == ("int8", 64)
        )
        pressed = overload(int8, file, best, given.overload_minutes) if given.overload_minutes else None
    record = facts("serving", "cpu", PACKAGES)
    found = {"engines": engines, "rows": rows, "overload": pressed, "aims": aims(rows, engines)}
    write(given.output or default_output(), {**record, "lengths": lengths(texts), **found})
    print(json.dumps(found["aims"], indent=2))


def contenders(model: Path, exports: Path) -> list[Contender]:
    """List the services."""
    tutorial = [sys.executable, str(HERE / "serving_tutorial.py"), str(model), str(PORT)]
    ours = [sys.executable, "-m", "finetune", "serve", "--port", str(PORT), "--watch-seconds", "0"]
    return [
        Contender("tutorial, padded to 128", [*tutorial, "max_length"]),
        Contender("tutorial, not padded", [*tutorial, "longest"]),
        Contender("fp32", [*ours, f"bench={exports / 'onnx'}"]),
        Contender("int8", [*ours, f"bench={exports / 'onnx-int8'}"]),
    ]


def default_output() -> Path:
    """Name the record by the day."""
    return HERE / "results" / f"serving-cpu-{dt.datetime.now(dt.UTC).date().isoformat()}.json"


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
