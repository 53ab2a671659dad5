"""The models by name, and how one is replaced by a newer one while requests come in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.errors import RequestError
from finetune.layout import EXPORTS, FACTS, MODEL
from finetune.serving.engine import Engine
from finetune.serving.refusals import MalformedError, UnknownModelError
from finetune.serving.waiting import Limits
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from finetune.serving.loading import Loaded
    from finetune.serving.metrics import Metrics
    from finetune.serving.options import ServingOptions

FileFacts = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Source:
    """A name, and the folder behind it."""

    name: str
    folder: Path


@dataclass
class Served:
    """A model that answers; what its folder looked like when it was loaded, and at the last look."""

    source: Source
    loaded: Loaded
    engine: Engine
    files: FileFacts
    seen: FileFacts = ()


def read_sources(words: Iterable[str]) -> list[Source]:
    """Read what the command line names: "runs/news" is called news, "titles=runs/news" titles."""
    found: dict[str, Source] = {}
    for word in words:
        name, folder = split_name(word)
        path = Path(folder)
        name = name or default_name(path)
        if name in found:
            raise RequestError(
                f"two models are called {name}: {found[name].folder} and {path}; name one: NAME={path}"
            )
        found[name] = Source(name, path)
    return list(found.values())


def split_name(word: str) -> tuple[str, str]:
    """Split "titles=runs/news" in two; in "runs/lr=3e-5" the sign is part of the folder, without a name."""
    name, equals, folder = word.partition("=")
    return (name, folder) if equals and "/" not in name else ("", word)


def default_name(folder: Path) -> str:
    """Name a model by its run: runs/news, runs/news/model and runs/news/exports/onnx-int8 are all news."""
    parts = folder.resolve().parts
    for above, one in reversed(list(pairwise(("", *parts)))):
        if one not in {MODEL, EXPORTS} and not (above == EXPORTS and one.startswith("onnx")):
            return one
    return parts[-1]


def files_of(folder: Path) -> FileFacts:
    """Note name, size and time of every file; equal notes mean that nothing changed.

    Of a run only the model counts: its checkpoints and curves change while it trains. Nothing is noted while
    there is no model, or while the folder is being replaced.
    """
    model = folder / MODEL
    if not model.is_dir() and is_unfinished(folder):
        return ()
    found = []
    try:
        paths = sorted((model if model.is_dir() else folder).rglob("*"))
    except OSError:
        return ()  # a folder in it vanished while we looked
    for one in paths:
        try:
            facts = one.stat()
        except OSError:
            continue  # replaced while we looked
        found.append((one.name, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def is_unfinished(folder: Path) -> bool:
    """Tell a run, whose facts lie in its model/, from a model or an export."""
    return (folder / "config.json").is_file() and not (folder / FACTS).is_file()


class Models:
    """What is served; made in the event loop."""

    def __init__(
        self,
        load: Callable[[Path, ServingOptions], Loaded],
        options: ServingOptions,
        metrics: Metrics,
        say: Callable[[str], None],
    ) -> None:
        self._load = load
        self._options = options
        self._metrics = metrics
        self._say = say
        self._one_at_a_time = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self.served: dict[str, Served] = {}

    def engine(self, name: str | None) -> tuple[str, Engine]:
        """Find a model by its name, which only one model alone can do without."""
        names = ", ".join(self.served)
        if name is None:
            if len(self.served) > 1:
                raise MalformedError(f"model: several models are served; name one of: {names}")
            name = next(iter(self.served))
        if name not in self.served:
            raise UnknownModelError(f"model: found {shorten(name)}; served here: {names}")
        return name, self.served[name].engine

    async def well(self) -> bool:
        """Tell whether every model answers."""
        return all(await asyncio.gather(*(one.engine.well() for one in self.served.values())))

    async def add(self, source: Source) -> None:
        """Load a model and put it where requests find it."""
        await self._put(source, await asyncio.to_thread(files_of, source.folder))

    async def _put(self, source: Source, files: FileFacts) -> None:
        """Load a model in the place of an older one; files were seen before, so later changes count."""
        loaded = await asyncio.to_thread(self._load, source.folder, self._options)
        metrics = self._metrics.of(source.name)
        engine = Engine(loaded.runtime, self._limits(loaded), self._options.max_queue, metrics)
        before = self.served.get(source.name)
        self.served[source.name] = Served(source, loaded, engine, files)
        self._say(f"{source.name:<10} {loaded.what}")
        if before is not None:
            task = asyncio.create_task(retire(before.engine))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    def _limits(self, loaded: Loaded) -> Limits:
        tokens = self._options.max_batch_tokens or loaded.max_tokens
        return Limits(tokens, loaded.overhead, self._options.max_wait_ms / 1000)

    async def reload(self, *, changed_only: bool) -> None:
        """Load anew; a model that cannot be loaded leaves the one before in its place."""
        async with self._one_at_a_time:
            for one in list(self.served.values()):
                if not changed_only or await asyncio.to_thread(has_changed, one):
                    await self._again(one)

    async def _again(self, one: Served) -> None:
        outcome, files = "done", await asyncio.to_thread(files_of, one.source.folder)
        try:
            await self._put(one.source, files)
        except Exception as error:  # noqa: BLE001 - a broken folder must not end the service
            outcome, one.files = "failed", files  # until the next change
            self._say(f"{one.source.name:<10} not loaded again, the one before goes on: {error}")
        self._metrics.reloads.labels(one.source.name, outcome).inc()

    async def reload_when(self, wanted: asyncio.Event) -> None:
        """Load all anew each time that somebody asks for it, for ever."""
        while await wanted.wait():
            wanted.clear()
            with suppress(OSError):  # nobody reads what we say; that must not end the loop
                await self.reload(changed_only=False)

    async def watch(self) -> None:
        """Look at the folders from time to time, for ever."""
        while self._options.watch_seconds:
            await asyncio.sleep(self._options.watch_seconds)
            with suppress(OSError):  # see reload_when
                await self.reload(changed_only=True)

    async def stop(self) -> None:
        """End every engine."""
        for one in self.served.values():
            await asyncio.to_thread(one.engine.stop)
        await asyncio.gather(*self._retiring)


async def retire(engine: Engine) -> None:
    """Let an engine finish what it accepted."""
    await engine.idle()
    await asyncio.to_thread(engine.stop)


def has_changed(one: Served) -> bool:
    """Tell whether the folder differs from what was loaded, and has come to rest since the last look."""
    now = files_of(one.source.folder)
    settled, one.seen = now == one.seen, now
    return bool(now) and settled and now != one.files
