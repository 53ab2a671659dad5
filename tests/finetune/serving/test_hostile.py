"""Whatever is sent, the service answers below 500 and goes on."""

from __future__ import annotations

import json
import socket
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finetune.serving.heads import HEAD_BYTES
from tests.finetune.serving.fake import BELL
from tests.finetune.serving.live import fake, model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.finetune.serving.live import Live

# the service is started once for all of them
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
calm = st.text(st.characters(exclude_characters=BELL))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | calm,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(calm, inner, max_size=4),
    max_leaves=12,
)
near = st.fixed_dictionaries(
    {"text": calm | st.lists(calm, max_size=10) | anything},
    optional={"model": st.just("counter") | anything, "texts": anything},
)
TOKENS = (
    b'{"text":',
    b'"a"',
    b"[",
    b"]",
    b"}",
    b",",
    b"\x00",
    b"\xff\xfe",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b" ",
)
spoilt = st.lists(st.sampled_from(TOKENS), max_size=30).map(b"".join)


def answered(live: Live, body: bytes) -> int:
    reply = live.send("POST", "/v1/predict", body)
    assert reply.status < 500, reply.body
    assert reply.status == 200 or reply.json["error"]
    return reply.status


@many
@given(st.binary(max_size=200) | spoilt)
def test_bytes_that_are_no_json(live: Live, body: bytes) -> None:
    answered(live, body)


@many
@given(anything | near)
def test_json_of_other_kinds(live: Live, body: object) -> None:
    answered(live, json.dumps(body).encode())


@many
@given(st.lists(calm, min_size=1, max_size=8))
def test_any_texts_at_all_are_answered(live: Live, texts: list[str]) -> None:
    assert answered(live, json.dumps({"text": texts}, ensure_ascii=False).encode("utf-8", "ignore")) == 200


@settings(many, max_examples=30)
@given(st.integers(1, 5), st.sampled_from([b"[", b'{"text":', b'"', b"9", b" ", b"\\"]))
def test_megabytes_of_one_thing(live: Live, megabytes: int, thing: bytes) -> None:
    assert answered(live, thing * (megabytes * 400_000 // len(thing))) in {413, 422}


@settings(many, max_examples=60)
@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_http_do_not_end_the_service(live: Live, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(sent)
    assert live.get("/health/live").status == 200


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n"])
def test_a_head_without_end_is_refused(live: Live, start: bytes) -> None:
    piece = b"a: b\r\n" if start.endswith(b"\n") else b"aaaaaa"
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(start)
        connection.sendall(piece * (HEAD_BYTES // len(piece) + 1))
        assert connection.recv(1000).startswith(b"HTTP/1.1 431 ")


def test_a_large_head_within_the_limit_is_taken(live: Live) -> None:
    assert live.send("GET", "/health/live", None, Cookie="c" * (HEAD_BYTES // 2)).status == 200


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """A service that waits half a second for a head."""
    monkeypatch.setenv("HEAD_SECONDS", "0.5")
    with fake(model(tmp_path / "counter")) as service:
        yield service


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n"], ids=["silent", "begun"])
def test_a_connection_without_a_whole_head_is_closed(impatient: Live, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as connection:
        connection.sendall(sent)
        assert connection.recv(1000) == b""


def test_a_connection_may_rest_between_requests(impatient: Live) -> None:
    connection = HTTPConnection("127.0.0.1", impatient.port, timeout=10)
    for _ in range(2):
        connection.request("GET", "/health/live")
        assert connection.getresponse().read() == b'{"live":true}'
        time.sleep(1)
    connection.close()
