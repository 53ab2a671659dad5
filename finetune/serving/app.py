"""The routes: what each answers, and how a body is read without trusting it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from finetune.serving.front import Front
from finetune.serving.openapi import describe
from finetune.serving.refusals import NotJsonError, RefusalError, TooLargeError, TooSlowError
from finetune.serving.schema import parse, request_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from finetune.answers.registry import Answer
    from finetune.serving.access import Keys
    from finetune.serving.metrics import Metrics
    from finetune.serving.models import Models
    from finetune.serving.options import ServingOptions

BODY_SECONDS = 30.0
LINGER = 16 << 20
CLIENT_GONE = 499
PAGES = {
    "/": ("index.html", "text/html"),
    "/docs": ("docs.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/words.js": ("words.js", "text/javascript"),
    "/docs.js": ("docs.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True)
class Service:
    """What the routes answer from; ready is asked anew each time, because it ends with the first SIGTERM."""

    models: Models
    options: ServingOptions
    keys: Keys
    metrics: Metrics
    ready: Callable[[], bool]

    def app(self) -> Starlette:
        """Put the routes together."""
        request = request_model(self.options)
        description = to_json(describe(request, keyed=bool(self.keys.accepted)))

        async def predict(call: Request) -> Response:
            return await self.predict(call, request)

        async def openapi(_: Request) -> Response:
            return Response(description, media_type="application/json")

        routes = [
            Route("/v1/predict", predict, methods=["POST"]),
            Route("/v1/models/{name}/predict", predict, methods=["POST"]),
            Route("/v1/models", self.listed),
            Route("/health/live", live),
            Route("/health/ready", self.readiness),
            Route("/metrics", self.measured),
            Route("/openapi.json", openapi),
            *(page(path, *what) for path, what in PAGES.items()),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(Front, metrics=self.metrics)],
            exception_handlers={RefusalError: refused, HTTPException: no_route, ClientDisconnect: gone_away},
        )

    async def predict(self, call: Request, model: Any) -> Response:  # noqa: ANN401 - a pydantic model's class
        """Answer for the texts in the body."""
        self.keys.check(call.headers.get("authorization"))
        asked = parse(await read_body(call, self.options.max_body), model)
        name, engine = self.models.engine(call.path_params.get("name") or asked.model)
        future = engine.submit(asked.texts)
        answers = await unless_gone(call, future)
        if answers is None:
            self.metrics.gone.labels(name).inc()
            return Response(status_code=CLIENT_GONE)
        return json_response({"model": name, "answers": answers})

    async def listed(self, call: Request) -> Response:
        """List the models."""
        self.keys.check(call.headers.get("authorization"))
        served = self.models.served.items()
        return json_response({"models": [{"name": name, "what": one.loaded.what} for name, one in served]})

    async def readiness(self, _: Request) -> Response:
        """Say whether requests should come here."""
        ready = self.ready() and await self.models.well()
        return json_response({"ready": ready}, 200 if ready else 503)

    async def measured(self, call: Request) -> Response:
        """Give Prometheus its numbers."""
        self.keys.check(call.headers.get("authorization"))
        return Response(self.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def live(_: Request) -> Response:
    """Say that the process runs."""
    return json_response({"live": True})


async def refused(_: Request, error: Exception) -> Response:
    """Say why there is no answer."""
    assert isinstance(error, RefusalError)  # noqa: S101 - registered for this class
    return json_response({"error": str(error)}, error.status, error.headers)


async def gone_away(_: Request, error: Exception) -> Response:
    """End a request whose client left while it was still sending."""
    del error
    return Response(status_code=CLIENT_GONE)


async def no_route(call: Request, error: Exception) -> Response:
    """Say that nothing is here, in JSON as everything else."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    what = f"{call.method} {call.url.path[:200]}: {error.detail}; /docs lists what there is"
    return json_response({"error": what}, error.status_code, dict(error.headers or {}))


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Write JSON."""
    return Response(to_json(content), status, headers, "application/json")


def page(path: str, name: str, kind: str) -> Route:
    """Serve a file of the package, read once."""
    content = (files("finetune.serving") / "page" / name).read_bytes()

    async def show(_: Request) -> Response:
        return Response(content, media_type=kind)

    return Route(path, show)


async def read_body(call: Request, limit: int) -> bytes:
    """Read a body of JSON, never more than the limit and never for longer than it should take."""
    kind = call.headers.get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise NotJsonError(f"Content-Type: found {kind[:60]!r}; accepted: application/json")
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in call.stream():
                size += len(chunk)
                if size <= limit:
                    body += chunk
                elif size > limit + LINGER:
                    break  # else the rest is read and dropped: who still sends would not hear our answer
    except TimeoutError:
        if size <= limit:
            raise TooSlowError(f"the body was not here within {BODY_SECONDS:.0f} s") from None
    if size > limit:
        raise TooLargeError(f"the body is larger than {limit:,} bytes; send fewer texts at a time")
    return bytes(body)


async def unless_gone(call: Request, future: asyncio.Future[list[Answer]]) -> list[Answer] | None:
    """Wait for the answers; None, and the place is free again, where the client goes away before."""
    gone = asyncio.ensure_future(call.receive())  # the body is read: what comes next is the end
    try:
        await asyncio.wait((future, gone), return_when=asyncio.FIRST_COMPLETED)
        return future.result() if future.done() else None
    finally:
        gone.cancel()
        future.cancel()
