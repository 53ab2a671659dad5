"""How many rows may wait for a model: places that requests take when they come and give back at their end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Gauge

    from finetune.serving.waiting import Job


class Room:
    """So many places; the event loop and the thread that tokenises take them."""

    def __init__(self, size: int, queue: Gauge) -> None:
        self.size = size
        self.occupied = 0
        self._queue = queue
        self._lock = threading.Lock()

    def take(self, job: Job, places: int) -> bool:
        """Let a request have so many places in all; False, and nothing changes, where they are not free."""
        with self._lock:
            more = places - job.places
            if job.gone or self.occupied + more > self.size:
                return False
            self._move(more)
            job.places = places
        return True

    def leave(self, job: Job) -> None:
        """Give back the places of a request that is at its end."""
        with self._lock:
            self._move(-job.places)
            job.places = 0

    def _move(self, places: int) -> None:
        self.occupied += places
        self._queue.inc(places)
