"""Asks whether the model hub can be reached, and takes no longer than a few seconds over it."""

from __future__ import annotations

import os
import socket
import threading
from urllib.parse import urlsplit

REACH_SECONDS = 5.0


def hub_endpoint() -> str:
    """Give the address of the hub, or of the mirror that the user set."""
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def why_unreachable(endpoint: str) -> str | None:
    """Try a connection for a few seconds, name resolution included; None says that it answers."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return "HF_HUB_OFFLINE is set"
    scheme = urlsplit(endpoint).scheme
    proxy = os.environ.get(f"{scheme}_proxy") or os.environ.get(f"{scheme.upper()}_PROXY")
    target = urlsplit(proxy if proxy and "//" in proxy else endpoint)
    host, port = target.hostname or "", target.port or (80 if target.scheme == "http" else 443)
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
