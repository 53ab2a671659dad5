"""One model at work: a thread tokenises, one computes batches, one writes answers; requests only wait.

The three overlap, so that the model never waits for Python. What the event loop sees is changed there alone.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from finetune.serving.refusals import FailedError, QueueFullError, RefusalError, TooLargeError
from finetune.serving.room import Room
from finetune.serving.waiting import NOT_YET, Job, Piece, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from finetune.answers.registry import Answer
    from finetune.serving.metrics import ModelMetrics
    from finetune.serving.waiting import Limits

Pieces = Any  # each runtime has its own kind
LONGEST_RETRY = 60
RECENT = 0.2  # weight of the last batch in the running mean of its speed
FAILURES = 3  # after so many in a row a text of our own must show that the model answers at all
TRIAL = ["试一试"]
TRIAL_SECONDS = 3.0  # sooner than those who look at readiness lose patience


class Runtime(Protocol):
    """What a model must be able to do; finetune.runtime and TorchRuntime are such."""

    def encode(self, texts: Sequence[str]) -> Pieces:
        """Tokenise; `input_ids` of the result are the rows for the model, several for a long text."""

    def run(self, rows: Sequence[Sequence[int]]) -> Sequence[NDArray[np.float32]]:
        """Compute one padded batch: logits for each row, in order."""

    def answers(
        self, texts: Sequence[str], pieces: Pieces, logits: Sequence[NDArray[np.float32]]
    ) -> Sequence[Answer]:
        """Turn logits into an answer for each text."""


class Engine:
    """Accepts texts as long as there is room and answers each of them."""

    def __init__(self, runtime: Runtime, limits: Limits, room: int, metrics: ModelMetrics) -> None:
        self._runtime = runtime
        self._room = Room(room, metrics.queue)
        self._metrics = metrics
        self._jobs: set[asyncio.Future[list[Answer]]] = set()
        self._seconds_per_row = 0.0
        self._failed = 0
        self._dead: str | None = None
        self._incoming: list[Job] = []
        self._arrived: list[Piece] = []
        self._waiting = Waiting(limits)  # the computing thread's own: nobody waits while it chooses
        self._tokenising = False
        self._stopped = False
        self._changed = threading.Condition()
        self._loop = asyncio.get_running_loop()
        self._writer = ThreadPoolExecutor(1, "answers")
        self._threads = [
            threading.Thread(target=self._work, args=(what,), daemon=True)
            for what in (self._tokenise, self._compute)
        ]
        for one in self._threads:
            one.start()

    def submit(self, texts: list[str]) -> asyncio.Future[list[Answer]]:
        """Accept the texts, or raise QueueFullError; cancelling the future gives their places back.

        A text counts once, and as often as it has rows as soon as they are known.
        """
        if self._dead is not None:
            raise FailedError(self._dead)
        job = Job(texts, self._loop.create_future(), time.monotonic())
        if not self._room.take(job, len(texts)):
            raise self._full()
        self._jobs.add(job.future)
        job.future.add_done_callback(self._jobs.discard)
        job.future.add_done_callback(lambda _: self._room.leave(job))
        with self._changed:
            self._incoming.append(job)
            self._changed.notify_all()
        return job.future

    def retry_after(self) -> int:
        """Estimate in how many seconds half of what waits will be answered."""
        seconds = self._room.occupied * self._seconds_per_row / 2
        return min(LONGEST_RETRY, max(1, math.ceil(seconds)))

    async def well(self) -> bool:
        """Tell whether texts are answered; after failures in a row one of our own must be."""
        if self._dead is not None or self._failed < FAILURES:
            return self._dead is None
        try:
            await asyncio.wait_for(self.submit(TRIAL), TRIAL_SECONDS)
        except (TimeoutError, RefusalError):
            return False
        return True

    async def idle(self) -> None:
        """Wait until nothing that was accepted is unanswered."""
        while self._jobs:
            await asyncio.wait(self._jobs)

    def stop(self) -> None:
        """End the threads; what still waits is not answered."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for one in self._threads:
            one.join()
        self._writer.shutdown()

    def _full(self) -> QueueFullError:
        self._metrics.refused.inc()
        return QueueFullError(self._room.occupied, self.retry_after())

    def _work(self, what: Callable[[], None]) -> None:
        try:
            what()
        except BaseException as error:  # noqa: BLE001 - without this thread everybody would wait for ever
            reason = failure(error)
            self._in_loop(lambda: self._die(reason))

    def _die(self, reason: FailedError) -> None:
        self._dead = str(reason)
        for one in self._jobs:
            if not one.done():
                one.set_exception(reason)

    def _tokenise(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._incoming or self._stopped)
                if self._stopped:
                    return
                jobs, self._incoming = self._incoming, []
                self._tokenising = True
            for job in jobs:
                pieces = [] if job.gone else self._pieces(job)
                with self._changed:
                    self._arrived += pieces
                    self._tokenising = job is not jobs[-1]
                    self._changed.notify_all()

    def _pieces(self, job: Job) -> list[Piece]:
        try:
            job.pieces = self._runtime.encode(job.texts)
            rows = job.pieces.input_ids
        except BaseException as error:  # noqa: BLE001 - this request's alone; a panic is no Exception
            self._tell(job, failure(error))
            return []
        if len(rows) > job.places and not self._room.take(job, len(rows)):
            self._tell(job, self._too_many(len(rows)))
            return []
        job.logits, job.missing = [NOT_YET] * len(rows), len(rows)
        if not rows:
            self._writer.submit(self._answer, [job])
        return [Piece(job, place, ids) for place, ids in enumerate(rows)]

    def _too_many(self, rows: int) -> RefusalError:
        if rows <= self._room.size:
            return self._full()
        what = f"text: found {rows:,} pieces for the model, accepted: {self._room.size:,} (--max-queue)"
        return TooLargeError(f"{what}; send fewer or shorter texts")

    def _compute(self) -> None:
        while (batch := self._next()) is not None:
            if batch:
                self._writer.submit(self._answer, self._run(batch))

    def _next(self) -> list[Piece] | None:
        """Wait until a batch should go; None is the end."""
        with self._changed:
            while not self._stopped:
                self._waiting.add(self._arrived)
                self._arrived = []
                more = self._tokenising or bool(self._incoming)
                pause = self._waiting.pause(time.monotonic(), more=more)
                if pause == 0:
                    break
                self._changed.wait(pause)
            else:
                return None
        return self._waiting.take()

    def _run(self, batch: list[Piece]) -> list[Job]:
        """Compute a batch; return the jobs that are complete with it."""
        started = time.monotonic()
        try:
            found = list(zip(batch, self._runtime.run([one.ids for one in batch]), strict=True))
        except BaseException as error:  # noqa: BLE001 - a service outlives any batch
            if len(batch) > 1:  # whose fault it is shows when each goes alone
                return [job for one in batch for job in self._run([one])]
            self._tell(batch[0].job, failure(error))
            return []
        self._count(batch, started, time.monotonic() - started)
        complete = []
        for piece, logits in found:
            job = piece.job
            job.logits[piece.place] = logits
            job.missing -= 1
            if not job.missing:
                complete.append(job)
        return complete

    def _count(self, batch: list[Piece], started: float, seconds: float) -> None:
        each = seconds / len(batch)
        recent = RECENT if self._seconds_per_row else 1.0
        self._seconds_per_row += recent * (each - self._seconds_per_row)
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
                done.append((job, list(self._runtime.answers(job.texts, job.pieces, job.logits))))
            except BaseException as error:  # noqa: BLE001 - see _pieces
                self._tell(job, failure(error))
        self._in_loop(lambda: self._settle(done))

    def _settle(self, done: list[tuple[Job, list[Answer]]]) -> None:
        for job, answers in done:
            if not job.gone:
                self._failed = 0
                self._metrics.texts.inc(len(answers))
                job.future.set_result(answers)

    def _tell(self, job: Job, reason: RefusalError) -> None:
        self._in_loop(lambda: self._refuse(job, reason))

    def _refuse(self, job: Job, reason: RefusalError) -> None:
        if job.gone:
            return
        if isinstance(reason, FailedError):
            self._failed += 1
            self._metrics.failures.inc(len(job.texts))
        job.future.set_exception(reason)

    def _in_loop(self, work: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)


def failure(error: BaseException) -> FailedError:
    """Say that the model failed, and why."""
    return FailedError(f"the model failed: {type(error).__name__}: {error}")
