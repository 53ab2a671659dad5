"""Whatever is sent, the service answers below 500 and goes on."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.finetune.serving.fake import BELL

if TYPE_CHECKING:
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
