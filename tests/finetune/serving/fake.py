"""A model that knows no language: it counts characters. Also a service around it, started as a program.

A bell breaks it, "/" cuts a text into windows, and the time for a batch lies in its folder; version "broken"
fails at every text.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.serving.loading import Loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from finetune.serving.options import ServingOptions


BELL = "🔔"


@dataclass(frozen=True)
class FakePieces:
    """A row for each window."""

    input_ids: list[list[int]]


@dataclass
class FakeRuntime:
    """Answers with the number of characters; remembers its batches, and waits at the gate if it is shut."""

    seconds: float = 0.0
    version: str = "1"
    error: BaseException = field(default_factory=lambda: RuntimeError("too loud"))
    batches: list[int] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def encode(self, texts: Sequence[str]) -> FakePieces:
        if "UNREADABLE" in texts:
            raise ValueError("no such text")
        return FakePieces(
            [[ord(one) for one in window] for text in texts for window in text.split("/") if window]
        )

    def run(self, rows: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        self.gate.wait(20)
        time.sleep(self.seconds)
        self.batches.append(len(rows))
        if self.version == "broken" or any(ord(BELL) in row for row in rows):
            raise self.error
        return [np.array([len(row)], np.float32) for row in rows]

    def answers(
        self, texts: Sequence[str], pieces: FakePieces, logits: Sequence[NDArray[np.float32]]
    ) -> list[dict[str, Any]]:
        del pieces
        if len(texts) > 1:
            return [{"label": self.version, "confidence": 1.0, "probabilities": {one: 1.0}} for one in texts]
        total = float(sum(one[0] for one in logits))
        return [{"label": self.version, "confidence": 1.0, "probabilities": {"characters": total}}]


def load(folder: Path, options: ServingOptions) -> Loaded:
    """Read "version seconds" from the folder's only file."""
    del options
    version, seconds = (folder / "facts").read_text().split()
    return Loaded(FakeRuntime(float(seconds), version), f"counts characters, version {version}", 64, 8)


if __name__ == "__main__":
    from finetune.cli import say
    from finetune.serving import heads
    from finetune.serving.models import read_sources
    from finetune.serving.options import ListenOptions, ServingOptions
    from finetune.serving.server import Plan, serve

    heads.HEAD_SECONDS = float(os.environ.get("HEAD_SECONDS", heads.HEAD_SECONDS))
    serving = ServingOptions(max_queue=int(sys.argv[1]), max_texts=8, watch_seconds=0.1)
    keys = Path(sys.argv[2]) if sys.argv[2] != "-" else None
    listen = ListenOptions(
        port=0, api_key_file=keys, drain_seconds=int(os.environ.get("DRAIN_SECONDS", "30"))
    )
    serve(Plan(read_sources(sys.argv[3:]), listen, serving, load), say)
