"""Does an address answer: each way to fail is told apart, and none takes longer than the deadline."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from shutil import which
from typing import TYPE_CHECKING, NoReturn

import pytest

from launcher.host import Host, Route

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("real_world")
DIRECT = Route({"no": "*"}, timeout=3)


class Handler(BaseHTTPRequestHandler):
    """Answers with the number that the path ends in."""

    def do_HEAD(self) -> None:
        code = int(self.path.rsplit("/", 1)[1])
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def url(server: HTTPServer, code: int, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.server_port}/{code}"


@pytest.mark.parametrize(
    ("code", "kind"), [(200, "ok"), (302, "ok"), (401, "ok"), (403, "http"), (502, "http")]
)
def test_a_status_tells_whether_a_service_is_there(code: int, kind: str, server: HTTPServer) -> None:
    answer = Host().reach(url(server, code), DIRECT)
    assert (answer.ok, answer.kind) == (kind == "ok", kind)
    assert answer.date


def test_a_closed_port_refuses() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = Host().reach(f"http://127.0.0.1:{unused.getsockname()[1]}/", DIRECT)
    assert (answer.ok, answer.kind, answer.reason) == (False, "refused", "Connection refused")


def test_silence_ends_at_the_deadline() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        answer = Host().reach(f"http://127.0.0.1:{silent.getsockname()[1]}/", Route({"no": "*"}, timeout=0.3))
    assert (answer.ok, answer.kind) == (False, "timeout")
    assert time.monotonic() - started < 2


def test_a_name_server_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def hang(*_: object, **__: object) -> NoReturn:
        asked.wait(3)
        raise socket.gaierror(-3, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    answer = Host().reach("http://hub.example/", Route({}, timeout=0.2))
    asked.set()
    assert (answer.kind, answer.reason) == ("timeout", "no answer within 0.2 s")


def test_an_unknown_name_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = Host().reach("http://hub.example/", DIRECT)
    assert (answer.kind, answer.reason) == ("dns", "Name or service not known")


def test_a_proxy_is_asked_unless_the_name_is_excepted(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    proxy = f"http://127.0.0.1:{server.server_port}"
    through = Host().reach("http://hub.example/200", Route({"http": proxy}, timeout=3))
    assert through.ok
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert Host().reach(url(server, 200), Route({"http": dead, "no": "127.0.0.1"}, timeout=3)).ok


def test_a_proxy_that_refuses_the_tunnel_is_told_as_a_proxy(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    proxy = f"http://127.0.0.1:{server.server_port}"
    answer = Host().reach("https://hub.example/", Route({"https": proxy}, timeout=3))
    assert (answer.ok, answer.kind) == (False, "proxy")


@pytest.mark.parametrize(
    "address", ["ftp://x", "nothing", "http://[", "http://a\u0000b/", "http://数据 .example/"]
)
def test_an_address_that_is_none_is_no_crash(address: str) -> None:
    assert not Host().reach(address, DIRECT).ok


def test_a_socks_proxy_is_said_to_be_out_of_reach() -> None:
    answer = Host().reach("https://hub.example/", Route({"https": "socks5://proxy.example:1080"}, timeout=3))
    assert answer.kind == "proxy"
    assert "SOCKS" in answer.reason


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    program = which("openssl")
    if program is None:
        pytest.skip("no openssl to make a certificate with")
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(tmp_path / "key"),
        "-out",
        str(tmp_path / "ca"),
    ]
    subprocess.run([program, *words, *names], check=True, capture_output=True)
    return tmp_path / "ca"


def test_a_company_certificate_is_trusted_only_with_its_ca(server: HTTPServer, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    alone = Host().reach(url(server, 200, "https"), DIRECT)
    assert (alone.ok, alone.kind) == (False, "tls")
    assert Host().reach(url(server, 200, "https"), Route({"no": "*"}, str(certificate), 3)).ok


def test_a_ca_bundle_that_is_not_there_is_named() -> None:
    answer = Host().reach("https://hub.example/", Route({}, "/no/such.pem", 3))
    assert (answer.kind, answer.reason) == ("cafile", "/no/such.pem: No such file or directory")
