"""A service in a process of its own, as its callers meet it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("fake.py")
CHECKOUT = Path(__file__).parents[3]
JSON = {"Content-Type": "application/json"}


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        return json.loads(self.body)


@dataclass
class Live:
    """A running service."""

    process: subprocess.Popen[str]
    port: int
    said: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """One request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {**(JSON if body is not None else {}), **headers})
            got = connection.getresponse()
            return Reply(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.send("GET", path)

    def predict(self, text: object, path: str = "/v1/predict", **more: object) -> Reply:
        return self.send("POST", path, json.dumps({"text": text, **more}).encode())

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(float(one.rsplit(" ", 1)[1]) for one in lines if re.match(rf"finetune_{name}[{{ ]", one))

    def end(self, how: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(how)
        return self.process.wait(60)


@contextmanager
def started(argv: list[str]) -> Iterator[Live]:
    """Start a service; it is ready inside the block and gone after it."""
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(argv, env=env, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said: list[str] = []
        try:
            for line in process.stderr:
                said.append(line.rstrip())
                if found := re.search(r"listening  http://127\.0\.0\.1:(\d+)", line):
                    break
            else:
                raise AssertionError("\n".join(said))
            rest = threading.Thread(target=lambda: said.extend(map(str.rstrip, process.stderr or ())))
            rest.start()
            yield Live(process, int(found.group(1)), said)
        finally:
            process.kill()
            rest.join(20)


@contextmanager
def fake(*folders: Path, queue: int = 64, keys: Path | None = None) -> Iterator[Live]:
    """A service around the model that counts characters."""
    with started([sys.executable, str(PROGRAM), str(queue), str(keys or "-"), *map(str, folders)]) as live:
        yield live


def model(folder: Path, version: str = "1", seconds: float = 0.0) -> Path:
    """Write the folder that such a model is loaded from."""
    folder.mkdir(exist_ok=True)
    (folder / "facts").write_text(f"{version} {seconds}")
    return folder


class Callers:
    """Threads that ask without pause; they count the replies by status, and broken connections as 0."""

    def __init__(self, live: Live, count: int = 4) -> None:
        self.live = live
        self.statuses: list[int] = []
        self.labels: set[str] = set()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                reply = self.live.predict("a text")
            except (OSError, HTTPException):
                self.statuses.append(0)
                self._over.wait(0.02)
                continue
            self.statuses.append(reply.status)
            if reply.status == 200:
                self.labels.add(reply.json["answers"][0]["label"])

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join(60)
