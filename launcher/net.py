"""Asks one address over HTTP whether it answers, within a deadline that holds for DNS and TLS too.

Sends a HEAD request, reads no body, follows redirects, keeps nothing.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

UNAUTHORISED = 401
PROXY_REFUSALS = ("Tunnel connection failed", "407")


@dataclass(frozen=True)
class Reach:
    """How one address answered.

    kind: ok, http (an error page), dns, refused, timeout, tls (the certificate is not trusted), cafile (the
    given CA bundle cannot be read), proxy, or other.
    """

    url: str
    ok: bool
    kind: str
    reason: str
    seconds: float
    status: int | None = None
    date: str | None = None


@dataclass(frozen=True)
class Route:
    """How to get there: proxies by scheme (with "no" for the exceptions), an extra CA bundle, a deadline."""

    proxies: Mapping[str, str]
    cafile: str | None = None
    timeout: float = 5.0


def reach(url: str, route: Route) -> Reach:
    """The answer of `url`, or why there is none; never later than the route's timeout."""
    started = time.monotonic()
    answers: list[Reach] = []
    # getaddrinfo has no timeout of its own: a thread that hangs in it is left behind
    thread = threading.Thread(target=lambda: answers.append(_ask(url, route, started)), daemon=True)
    thread.start()
    thread.join(route.timeout)
    if answers:
        return answers[0]
    return Reach(
        url, ok=False, kind="timeout", reason=f"no answer within {route.timeout:g} s", seconds=route.timeout
    )


def _ask(url: str, route: Route, started: float) -> Reach:
    status, date = None, None
    try:
        with _opener(url, route).open(_head(url), timeout=route.timeout) as response:
            status, date = response.status, response.headers.get("Date")
            kind, reason = "ok", f"HTTP {status}"
    except urllib.error.HTTPError as error:
        status, date = error.code, error.headers.get("Date")
        # 401 is a registry's way to say that it is there
        kind, reason = ("ok" if status == UNAUTHORISED else "http"), f"HTTP {status} {error.reason}"
        error.close()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong out there is an answer
        kind, reason = _explain(error)
    return Reach(url, kind == "ok", kind, reason, time.monotonic() - started, status, date)


def _head(url: str) -> urllib.request.Request:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"{url}: accepted are http and https addresses")
    return urllib.request.Request(url, method="HEAD", headers={"User-Agent": "nlp-gpu-workbench"})  # noqa: S310


def _opener(url: str, route: Route) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if route.cafile:
        try:
            context.load_verify_locations(route.cafile)
        except OSError as error:
            raise _CaFileError(f"{route.cafile}: {error.strerror or error}") from error
    proxies = dict(route.proxies)
    host = urlsplit(url).netloc
    if urllib.request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
        proxies = {}
    for proxy in proxies.values():
        if proxy.startswith("socks"):
            raise _ProxyError(
                f"{proxy}: a SOCKS proxy, which this check cannot use; an http:// one is accepted"
            )
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context), _HeadAgain
    )


class _HeadAgain(urllib.request.HTTPRedirectHandler):
    """Follows a redirect with HEAD too; before Python 3.13 it became a GET."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:  # noqa: ANN401
        found = super().redirect_request(*args)
        if found is not None:
            found.method = "HEAD"
        return found


class _CaFileError(ValueError):
    """The CA bundle of the settings cannot be read."""


class _ProxyError(ValueError):
    """The proxy of the settings cannot be used."""


def _explain(error: Exception) -> tuple[str, str]:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    kinds: list[tuple[type[BaseException] | tuple[type[BaseException], ...], str]] = [
        (_CaFileError, "cafile"),
        (_ProxyError, "proxy"),
        (ssl.SSLCertVerificationError, "tls"),
        (socket.gaierror, "dns"),
        (ConnectionRefusedError, "refused"),
        ((socket.timeout, TimeoutError), "timeout"),
    ]
    for types, kind in kinds:
        if isinstance(cause, types):
            return kind, text
    return ("proxy" if any(mark in text for mark in PROXY_REFUSALS) else "other"), text
