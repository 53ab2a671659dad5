"""Asks whether the model hub can be reached, and takes no longer than a few seconds over it."""

from __future__ import annotations

import os
import socket
import threading
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

REACH_SECONDS = 5.0
A_MIRROR = (
    "a mirror: on the host `echo HF_ENDPOINT=https://hf-mirror.com >> .env && make up`;\n"
    "    in the container's shell `export HF_ENDPOINT=https://hf-mirror.com HF_HUB_DISABLE_XET=1`"
)
PORTS = {"http": 80, "socks4": 1080, "socks5": 1080, "socks5h": 1080}


def hub_endpoint() -> str:
    """Give the address of the hub, or of the mirror that the user set."""
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def reached_through(endpoint: str) -> tuple[str, int]:
    """Name the host and port to ask: the hub's, or those of the proxy that the environment sets for it."""
    target, known = urlsplit(endpoint), getproxies()
    proxy = known.get(target.scheme) or known.get("all")
    if proxy and not proxy_bypass(target.hostname or ""):
        target = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
    return target.hostname or "", target.port or PORTS.get(target.scheme, 443)


def why_unreachable(endpoint: str) -> str | None:
    """Try a connection for a few seconds, name resolution included; None says that it answers."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return "HF_HUB_OFFLINE is set"
    try:
        host, port = reached_through(endpoint)
    except ValueError as error:
        return f"its address or that of the proxy is none: {error}"
    outcome: list[str | None] = [f"{host} did not answer within {REACH_SECONDS:.0f} s"]

    def reach() -> None:
        try:
            socket.create_connection((host, port), timeout=REACH_SECONDS).close()
            outcome[0] = None
        except OSError as error:
            outcome[0] = f"{host}:{port}: {error}"

    # a name server that does not answer blocks past any timeout of the socket, hence the thread
    thread = threading.Thread(target=reach, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS + 1)
    return outcome[0]
