"""A small client for Jupyter Server: password log-in, kernels over REST, cells over a websocket."""

import json
import uuid
from contextlib import closing
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import websocket

from .results import FailedError

SECONDS = 120  # for a server that hangs; a kernel's first start on a cold disk takes ten or more
DOWN_MEND = "`make status` tells whether Jupyter is up, `make logs` why not"
PASSWORD_MEND = "`make password` sets a new one; `make status` names the file that holds the present one"  # noqa: S105
KERNEL_MEND = "`make logs` shows why the kernel did not answer; memory is the usual cause (`free -g`)"


class NotebookServer:
    """One logged-in session with a Jupyter server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy has no business between a machine and itself

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def log_in(self, password: str) -> None:
        """Log in as the browser does, then ask for something that only a user may see."""
        self._ask("GET", "/login", 200)
        self._ask("POST", "/login", 302, data={"password": password, "_xsrf": self._token()})
        self._ask("GET", "/api/status", 200)

    def run(self, code: str) -> str:
        """Run code in a fresh Python kernel and return what it printed; the kernel is deleted in any case."""
        kernel = json.loads(self._ask("POST", "/api/kernels", 201, json={"name": "python3"}))["id"]
        try:
            return self._run(str(kernel), code)
        except (websocket.WebSocketException, OSError) as error:
            told = f"the kernel gave no answer: {type(error).__name__}: {error}"
            raise FailedError(told, KERNEL_MEND) from error
        finally:
            self._ask("DELETE", f"/api/kernels/{kernel}", 204)

    def _run(self, kernel: str, code: str) -> str:
        parts = urlsplit(self.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        place = f"{parts.netloc}{parts.path}/api/kernels/{kernel}"
        address = f"{scheme}://{place}/channels?session_id={uuid.uuid4().hex}"
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)
        channel = websocket.create_connection(address, timeout=SECONDS, cookie=cookies, http_no_proxy=["*"])
        with closing(channel):
            request = _execute(code)
            channel.send(json.dumps(request))
            return _printed(channel, request["header"]["msg_id"])

    def _ask(self, method: str, path: str, expected: int, **arguments: Any) -> str:  # noqa: ANN401 - data= or json=, passed on
        headers = {"X-XSRFToken": self._token()}
        try:
            answer = self.session.request(
                method,
                self.url + path,
                headers=headers,
                timeout=SECONDS,
                allow_redirects=False,
                **arguments,
            )
        except requests.RequestException as error:
            raise FailedError(f"no Jupyter at {self.url}: {type(error).__name__}", DOWN_MEND) from error
        if answer.status_code != expected:
            told = f"{method} {path} answered {answer.status_code}, expected {expected}"
            raise FailedError(told, PASSWORD_MEND if path != "/api/kernels" else DOWN_MEND)
        return str(answer.text)

    def _token(self) -> str:
        return str(self.session.cookies.get("_xsrf") or "")


def _execute(code: str) -> dict[str, Any]:
    header = {"msg_id": uuid.uuid4().hex, "session": uuid.uuid4().hex, "username": "smoke"}
    header |= {"msg_type": "execute_request", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


def _printed(channel: websocket.WebSocket, request: str) -> str:
    """Collect what the request prints until the kernel is idle again."""
    printed = ""
    while True:
        message = json.loads(channel.recv())
        kind, content = message["msg_type"], message["content"]
        if message["parent_header"].get("msg_id") != request:
            continue
        if kind == "stream" and content["name"] == "stdout":
            printed += content["text"]
        elif kind == "error":
            raise FailedError(f"the cell raised {content['ename']}: {content['evalue']}", KERNEL_MEND)
        elif kind == "status" and content["execution_state"] == "idle":
            return printed
