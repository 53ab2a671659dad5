"""Runs the service: socket, models, signals. SIGHUP loads the models again; SIGTERM and Ctrl-C drain."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from finetune.errors import RequestError
from finetune.serving.access import read_keys
from finetune.serving.app import Service
from finetune.serving.heads import Heads
from finetune.serving.loading import load
from finetune.serving.metrics import Metrics
from finetune.serving.models import Models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from finetune.serving.loading import Loaded
    from finetune.serving.models import Source
    from finetune.serving.options import ListenOptions, ServingOptions

IDLE_SECONDS = 75  # longer than the 60 s of most proxies: closing idle connections is theirs
BACKLOG = 2048  # connections that wait to be taken


class Server(uvicorn.Server):
    """After a signal it ends as a program that did its work does; uvicorn's own dies of the signal."""

    given_up = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal, give up at the second."""
        del sig, frame
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was accepted, as long as there is time; the rest hears that we stop."""
        await super().shutdown(sockets)
        self.given_up = len(self.server_state.tasks)
        for one in self.server_state.tasks:
            one.cancel()


@dataclass(frozen=True)
class Plan:
    """Everything that was asked for."""

    sources: list[Source]
    listen: ListenOptions
    serving: ServingOptions
    load: Callable[[Path, ServingOptions], Loaded] = load


def serve(plan: Plan, say: Callable[[str], None]) -> None:
    """Serve until a signal says to stop."""
    asyncio.run(run(plan, say))


async def run(plan: Plan, say: Callable[[str], None]) -> None:
    """Open, load, listen, drain."""
    loop, wanted = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, wanted.set)  # first of all: without a handler, SIGHUP kills
    keys, metrics = read_keys(plan.listen.api_key_file), Metrics()
    with bound(plan.listen) as door:
        models = Models(plan.load, plan.serving, metrics, say)
        for source in plan.sources:
            await models.add(source)
        service = Service(models, plan.serving, keys, metrics, lambda: not server.should_exit)
        server = Server(configured(service, plan.listen))
        with told(plan.listen):
            door.listen(BACKLOG)
        background = [loop.create_task(models.watch()), loop.create_task(models.reload_when(wanted))]
        say(f"listening  http://{address(door)}  (a page to try it; /docs, /metrics)")
        await server.serve(sockets=[door])
    for one in background:
        one.cancel()
    await models.stop()
    unanswered = f"accepted requests that were not answered: {server.given_up}"
    say(f"stopped    {unanswered if server.given_up else 'everything that was accepted is answered'}")


def configured(service: Service, listen: ListenOptions) -> uvicorn.Config:
    """Say to uvicorn what it needs to know."""
    return uvicorn.Config(
        service.app(),
        loop="asyncio",
        http=Heads,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=listen.drain_seconds,
    )


def bound(listen: ListenOptions) -> socket.socket:
    """Take the port before anything is loaded; nobody can connect until the server listens on it."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        with told(listen):
            door.bind((listen.host, listen.port))
    except RequestError:
        door.close()
        raise
    return door


@contextmanager
def told(listen: ListenOptions) -> Iterator[None]:
    """Put into words why an address cannot be had; it may also be lost between bind and listen."""
    try:
        yield
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        todo = "give another --port, or 0 for a free one" if taken else "give an address of this machine"
        raise RequestError(f"--host {listen.host} --port {listen.port}: {error.strerror}; {todo}") from None


def address(door: socket.socket) -> str:
    """Write an address as it stands in a URL."""
    host, port = door.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
