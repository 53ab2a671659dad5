"""A person at Jupyter, without a browser: logs in, runs cells over a websocket, types into a terminal."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
import websocket

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0


class Jupyter:
    """One session, with cookies of its own and past any proxy."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def log_in(self, password: str) -> bool:
        """Whether the login page took the password."""
        self.session.get(f"{self.url}/login", timeout=SECONDS)
        form = {"password": password, "_xsrf": self.session.cookies.get("_xsrf", "")}
        self.session.post(f"{self.url}/login", data=form, timeout=SECONDS)
        return self.ask("GET", "api/contents").ok

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 - as requests takes it
        headers = {"X-XSRFToken": self.session.cookies.get("_xsrf", ""), **more.pop("headers", {})}
        return self.session.request(method, f"{self.url}/{path}", headers=headers, timeout=SECONDS, **more)

    def run(self, code: str) -> str:
        """What a cell prints in a kernel of its own."""
        kernel = self.ask("POST", "api/kernels", json={"name": "python3"}).json()["id"]
        try:
            with self.socket(f"api/kernels/{kernel}/channels") as channel:
                return execute(channel, code)
        finally:
            self.ask("DELETE", f"api/kernels/{kernel}")

    @contextmanager
    def terminal(self) -> Iterator[websocket.WebSocket]:
        name = self.ask("POST", "api/terminals").json()["name"]
        try:
            with self.socket(f"terminals/websocket/{name}") as channel:
                yield channel
        finally:
            self.ask("DELETE", f"api/terminals/{name}")

    @contextmanager
    def socket(self, path: str) -> Iterator[websocket.WebSocket]:
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.session.cookies)
        address = f"{self.url.replace('http', 'ws', 1)}/{path}"
        channel = websocket.create_connection(address, cookie=cookies, timeout=SECONDS, http_no_proxy=["*"])
        try:
            yield channel
        finally:
            channel.close()


def execute(channel: websocket.WebSocket, code: str) -> str:
    """Send one cell and gather what it prints until the kernel is idle again."""
    header = {"msg_id": uuid.uuid4().hex, "session": uuid.uuid4().hex, "username": "test"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    request = {"header": {**header, "msg_type": "execute_request", "version": "5.3"}, "content": content}
    request |= {"channel": "shell", "parent_header": {}, "metadata": {}, "buffers": []}
    channel.send(json.dumps(request))
    printed = ""
    while True:
        message = json.loads(channel.recv())
        if message["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        assert message["msg_type"] != "error", message["content"]["traceback"]
        printed += message["content"].get("text", "") if message["msg_type"] == "stream" else ""
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return printed
