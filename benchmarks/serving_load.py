"""Sends requests from processes of its own and writes what it saw as JSON; asyncio streams and nothing else.

    python benchmarks/serving_load.py PORT TEXTS.json clients=64 seconds=15
    python benchmarks/serving_load.py PORT TEXTS.json clients=512 seconds=15 processes=4
    python benchmarks/serving_load.py PORT TEXTS.json rate=80 seconds=600
    python benchmarks/serving_load.py PORT TEXTS.json clients=64 seconds=15 triton=news

With clients, each sends its next request as soon as the last is answered; with a rate, requests are sent at
that rate whether or not the earlier ones are answered; several processes share both. triton names a model of
a Triton server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

WARM_UP_SHARE = 0.2
HEAD = "POST {} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


@dataclass
class Seen:
    """What came back since the warm-up was over: seconds per answer, and how often each status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    since: float = 0.0
    last: float = 0.0


def request(text: str, model: str | None = None) -> bytes:
    """Write one request, to a model of Triton if one is named."""
    path = "/v1/predict"
    asked: dict[str, Any] = {"text": text}
    if model:
        tensor = {"name": "TEXT", "datatype": "BYTES", "shape": [1, 1], "data": [text]}
        path, asked = f"/v2/models/{model}/infer", {"inputs": [tensor]}
    body = json.dumps(asked, ensure_ascii=False).encode()
    return HEAD.format(path, len(body)).encode() + body


@dataclass
class Connection:
    """One connection that is kept open."""

    port: int
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def ask(self, sent: bytes) -> str:
        """Send a request, read the whole answer, return its status; a closed connection is opened anew."""
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(sent)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        await self.reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        return head.split(b" ", 2)[1].decode()


async def counted(connection: Connection, sent: bytes, seen: Seen) -> None:
    """Ask, and note the time of an answer that comes after the warm-up."""
    began = time.perf_counter()
    try:
        status = await connection.ask(sent)
    except (OSError, asyncio.IncompleteReadError) as error:
        connection.reader = None
        status = type(error).__name__
    ended = time.perf_counter()
    if ended >= seen.since:
        seen.statuses[status] += 1
        if status == "200":
            seen.seconds.append(ended - began)
            seen.last = ended


async def closed(port: int, requests: list[bytes], clients: int, seconds: float) -> Seen:
    """So many clients, each with one request at a time."""
    source, began = itertools.cycle(requests), time.perf_counter()
    seen = Seen(since=began + WARM_UP_SHARE * seconds)

    async def client() -> None:
        connection = Connection(port)
        while time.perf_counter() < began + seconds:
            await counted(connection, next(source), seen)

    await asyncio.gather(*(client() for _ in range(clients)))
    return seen


async def paced(port: int, requests: list[bytes], rate: float, seconds: float) -> Seen:
    """So many requests a second, over as many connections as it takes; every one is waited for at the end."""
    source, free = itertools.cycle(requests), list[Connection]()
    began, tasks = time.perf_counter(), set[asyncio.Task[None]]()
    seen = Seen(since=began)

    async def one() -> None:
        connection = free.pop() if free else Connection(port)
        await counted(connection, next(source), seen)
        free.append(connection)

    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        task = asyncio.create_task(one())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return seen


def one_process(number: int, port: int, requests: list[bytes], given: dict[str, float]) -> Seen:
    """Send this process's share; each begins with other texts."""
    processes = int(given["processes"])
    begin = number * len(requests) // processes
    requests = requests[begin:] + requests[:begin]
    if "rate" in given:
        return asyncio.run(paced(port, requests, given["rate"] / processes, given["seconds"]))
    clients = len(range(number, int(given["clients"]), processes))
    return asyncio.run(closed(port, requests, clients, given["seconds"]))


def together(parts: list[Seen]) -> Seen:
    """Add up what several processes saw."""
    return Seen(
        [seconds for one in parts for seconds in one.seconds],
        sum((one.statuses for one in parts), Counter()),
        min(one.since for one in parts),
        max(one.last for one in parts),
    )


def summary(seen: Seen, wall: float, cpu: float) -> dict[str, Any]:
    """Put the figures together; generator_cpu is in cores, over all processes."""
    ordered = sorted(seen.seconds)

    def at(share: float) -> float | None:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None

    span = seen.last - seen.since
    return {
        "requests_per_second": round(len(ordered) / span, 2) if ordered else 0.0,
        "p50_ms": at(0.5),
        "p95_ms": at(0.95),
        "p99_ms": at(0.99),
        "statuses": dict(seen.statuses),
        "generator_cpu": round(cpu / wall, 3),
    }


def main() -> None:
    """Read the command, send, print."""
    port, texts, *words = sys.argv[1:]
    settings = dict(word.split("=", 1) for word in words)
    model = settings.pop("triton", None)
    given = {name: float(value) for name, value in settings.items()}
    given.setdefault("processes", 1)
    requests = [request(one, model) for one in json.loads(Path(texts).read_text(encoding="utf-8"))]
    wall = time.perf_counter()
    with ProcessPoolExecutor(int(given["processes"])) as pool:
        work = partial(one_process, port=int(port), requests=requests, given=given)
        seen = together(list(pool.map(work, range(int(given["processes"])))))
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps(summary(seen, time.perf_counter() - wall, cpu.ru_utime + cpu.ru_stime)))


if __name__ == "__main__":
    main()
