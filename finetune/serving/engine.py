"""One model at work: a thread tokenises, one computes batches, one writes answers; requests only wait.

The three overlap, so that the model never waits for Python. Everything that the event loop sees happens in it.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from finetune.serving.refusals import Failed, QueueFull
from finetune.serving.waiting import Job, Piece, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from finetune.serving.metrics import ModelMetrics
    from finetune.serving.waiting import Limits

Answer = dict[str, Any]
LONGEST_RETRY = 60
RECENT = 0.2  # weight of the last batch in the running mean of its speed


class Pieces(Protocol):
    """Tokenised texts: a long one may have several rows."""

    @property
    def input_ids(self) -> Sequence[Sequence[int]]:
        """The token ids of each row."""


class Runtime(Protocol):
    """What a model must be able to do; finetune.runtime and TorchRuntime are such."""

    def encode(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - Pieces of the runtime's own kind
        """Tokenise."""

    def run(self, rows: Sequence[Sequence[int]]) -> Sequence[NDArray[np.float32]]:
        """Compute one padded batch: logits for each row, in order."""

    def answers(
        self, texts: Sequence[str], pieces: Any, logits: Sequence[NDArray[np.float32]]  # noqa: ANN401 - see encode
    ) -> Sequence[Answer]:
        """Turn logits into an answer for each text."""


class Engine:
    """Accepts texts as long as there is room and answers each of them."""

    def __init__(self, runtime: Runtime, limits: Limits, room: int, metrics: ModelMetrics) -> None:
        self._runtime = runtime
        self._room = room
        self._metrics = metrics
        self._occupied = 0
        self._seconds_per_text = 0.0
        self._incoming: list[Job] = []
        self._waiting = Waiting(limits)
        self._tokenising = False
        self._stopped = False
        self._changed = threading.Condition()
        self._loop = asyncio.get_running_loop()
        self._writer = ThreadPoolExecutor(1, "answers")
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._tokenise, self._compute)]
        for one in self._threads:
            one.start()

    def submit(self, texts: list[str]) -> asyncio.Future[list[Answer]]:
        """Accept the texts, or raise QueueFull; cancelling the future gives their places back."""
        if self._occupied + len(texts) > self._room:
            self._metrics.refused.inc()
            raise QueueFull(self._occupied, self.retry_after())
        job = Job(texts, self._loop.create_future(), time.monotonic())
        self._occupy(len(texts))
        job.future.add_done_callback(lambda _: self._occupy(-len(texts)))
        with self._changed:
            self._incoming.append(job)
            self._changed.notify_all()
        return job.future

    def retry_after(self) -> int:
        """Estimate in how many seconds half of what waits will be answered."""
        seconds = self._occupied * self._seconds_per_text / 2
        return min(LONGEST_RETRY, max(1, math.ceil(seconds)))

    async def idle(self) -> None:
        """Wait until nothing that was accepted is unanswered."""
        while self._occupied:
            await asyncio.sleep(0.01)

    def stop(self) -> None:
        """End the threads; what still waits is not answered."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for one in self._threads:
            one.join()
        self._writer.shutdown()

    def _occupy(self, places: int) -> None:
        self._occupied += places
        self._metrics.queue.inc(places)

    def _tokenise(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._incoming or self._stopped)
                if self._stopped:
                    return
                jobs, self._incoming = self._incoming, []
                self._tokenising = True
            pieces = [one for job in jobs if not job.gone for one in self._pieces(job)]
            with self._changed:
                self._waiting.add(pieces)
                self._tokenising = False
                self._changed.notify_all()

    def _pieces(self, job: Job) -> list[Piece]:
        try:
            job.pieces = self._runtime.encode(job.texts)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this request alone
            self._fail([job], error)
            return []
        rows = job.pieces.input_ids
        job.logits, job.missing = [None] * len(rows), len(rows)
        if not rows:
            self._writer.submit(self._answer, [job])
        return [Piece(job, place, ids) for place, ids in enumerate(rows)]

    def _compute(self) -> None:
        while (batch := self._next()) is not None:
            if batch:
                self._writer.submit(self._answer, self._run(batch))

    def _next(self) -> list[Piece] | None:
        """Wait until a batch should go; None is the end."""
        with self._changed:
            while not self._stopped:
                more = self._tokenising or bool(self._incoming)
                pause = self._waiting.pause(time.monotonic(), more=more)
                if pause == 0:
                    return self._waiting.take()
                self._changed.wait(pause)
        return None

    def _run(self, batch: list[Piece]) -> list[Job]:
        """Compute a batch; return the jobs that are complete with it."""
        started = time.monotonic()
        try:
            found = self._runtime.run([one.ids for one in batch])
        except Exception as error:  # noqa: BLE001 - a service outlives any batch
            if len(batch) > 1:  # whose fault it is shows when each goes alone
                return [job for one in batch for job in self._run([one])]
            self._fail([batch[0].job], error)
            return []
        self._count(batch, started, time.monotonic() - started)
        complete = []
        for piece, logits in zip(batch, found, strict=True):
            job = piece.job
            assert job.logits is not None  # noqa: S101 - set where its pieces were made
            job.logits[piece.place] = logits
            job.missing -= 1
            if not job.missing:
                complete.append(job)
        return complete

    def _count(self, batch: list[Piece], started: float, seconds: float) -> None:
        each = seconds / len(batch)
        recent = RECENT if self._seconds_per_text else 1.0
        self._seconds_per_text += recent * (each - self._seconds_per_text)
        real, width = sum(len(one.ids) for one in batch), max(len(one.ids) for one in batch)
        self._metrics.tokens.inc(real)
        self._metrics.padding.inc(width * len(batch) - real)
        self._metrics.batch.observe(len(batch))
        self._metrics.batch_tokens.observe(width * len(batch))
        self._metrics.computed.observe(seconds)
        for one in batch:
            self._metrics.waited.observe(started - one.job.since)

    def _answer(self, jobs: list[Job]) -> None:
        done = []
        for job in jobs:
            try:
                done.append((job, list(self._runtime.answers(job.texts, job.pieces, job.logits or []))))
            except Exception as error:  # noqa: BLE001 - see _pieces
                self._fail([job], error)
        self._in_loop(lambda: self._settle(done))

    def _settle(self, done: list[tuple[Job, list[Answer]]]) -> None:
        for job, answers in done:
            if not job.gone:
                self._metrics.texts.inc(len(answers))
                job.future.set_result(answers)

    def _fail(self, jobs: list[Job], error: Exception) -> None:
        def tell() -> None:
            for job in jobs:
                if not job.gone:
                    self._metrics.failures.inc(len(job.texts))
                    job.future.set_exception(Failed(f"the model failed: {type(error).__name__}: {error}"))

        self._in_loop(tell)

    def _in_loop(self, work: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)
