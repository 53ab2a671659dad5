"""A service under load: it is reloaded, drained, killed and started again, and its callers go away."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.finetune.serving.live import Callers, fake, model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.finetune.serving.live import Live

REQUEST = b"POST /v1/predict HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"not within a minute: {what}"
        time.sleep(0.02)


def opened(live: Live, head: bytes, body: bytes = b"") -> socket.socket:
    """A connection on which a request has been begun."""
    connection = socket.create_connection(("127.0.0.1", live.port))
    connection.sendall(head + body)
    return connection


@pytest.mark.parametrize("how", ["SIGHUP", "a changed folder"])
def test_a_reload_under_load_loses_no_request(how: str, tmp_path: Path) -> None:
    folder = model(tmp_path / "counter", "old", 0.01)
    with fake(folder) as live, Callers(live) as callers:
        until(lambda: "old" in callers.labels, "the old model answers")
        model(folder, "new", 0.01)
        if how == "SIGHUP":
            live.process.send_signal(signal.SIGHUP)
        until(lambda: "new" in callers.labels, "the new model answers")
    assert set(callers.statuses) == {200}


def test_a_broken_folder_leaves_the_model_before_in_its_place(tmp_path: Path) -> None:
    folder = model(tmp_path / "counter", "old")
    with fake(folder) as live:
        (folder / "facts").write_text("nonsense")
        until(
            lambda: any("not loaded again, the one before goes on" in one for one in live.said), "it is told"
        )
        assert live.predict("a").json["answers"][0]["label"] == "old"
        assert live.metric("reloads_total") == 1
        model(folder, "new")
        until(lambda: live.predict("a").json["answers"][0]["label"] == "new", "the mended model answers")


def test_sigterm_finishes_what_was_accepted_and_ends_with_0(tmp_path: Path) -> None:
    statuses: list[int] = []
    with fake(model(tmp_path / "counter", "1", 0.5)) as live:
        callers = [
            threading.Thread(target=lambda: statuses.append(live.predict("a").status)) for _ in range(8)
        ]
        for one in callers:
            one.start()
        until(lambda: live.metric("queue_texts") == 8, "all are accepted")
        assert live.end() == 0
        for one in callers:
            one.join(60)
        assert statuses == [200] * 8
        assert live.said[-1] == "stopped    everything that was accepted is answered"
        with pytest.raises(ConnectionRefusedError):
            live.get("/health/ready")


@pytest.mark.parametrize(("drain_seconds", "signals"), [(1, 1), (30, 2)], ids=["time is up", "second signal"])
def test_what_is_given_up_is_told(
    drain_seconds: int, signals: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAIN_SECONDS", str(drain_seconds))
    body = b'Content-Length: 13\r\n\r\n{"text": "a"}'
    with fake(model(tmp_path / "counter", "1", 3.0)) as live, opened(live, REQUEST, body):
        with opened(live, REQUEST, body) as other:
            until(lambda: live.metric("queue_texts") == 2, "both are accepted")
            for _ in range(signals):
                live.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
            assert b"503 Service Unavailable" in other.recv(100)
            assert live.process.wait(60) == 0
        until(lambda: live.said[-1].startswith("stopped"), "it says its last word")
        assert live.said[-1] == "stopped    accepted requests that were not answered: 2"
        assert "Traceback" not in str(live.said)


def test_a_request_that_was_accepted_is_answered_while_the_service_drains(tmp_path: Path) -> None:
    with fake(model(tmp_path / "counter", "1", 1.0)) as live:
        with opened(live, REQUEST, b'Content-Length: 13\r\n\r\n{"text": "a"}') as slow:
            until(lambda: live.metric("queue_texts") == 1, "it is accepted")
            live.process.send_signal(signal.SIGTERM)
            assert b"200 OK" in slow.recv(100)
        assert live.process.wait(60) == 0


def test_after_a_kill_under_load_the_next_start_answers(tmp_path: Path) -> None:
    folder = model(tmp_path / "counter", "1", 0.01)
    with fake(folder) as first, Callers(first) as callers:
        until(lambda: 200 in callers.statuses, "it answers")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: 0 in callers.statuses, "callers notice")
        with fake(folder) as second:
            callers.live = second
            seen = len(callers.statuses)
            until(lambda: 200 in callers.statuses[seen:], "the second one answers")
    assert set(callers.statuses) == {200, 0}


def test_a_full_queue_answers_503_and_when_to_try_again(tmp_path: Path) -> None:
    with fake(model(tmp_path / "counter", "1", 0.2), queue=8) as live, Callers(live, 30) as callers:
        until(lambda: 503 in callers.statuses, "the queue is full")
        reply = live.predict(["a"] * 8)
        assert reply.status == 503
        assert int(reply.headers["retry-after"]) >= 1
        assert "texts wait already; try again in" in reply.json["error"]
    assert set(callers.statuses) == {200, 503}


def test_a_client_that_goes_away_frees_its_place(tmp_path: Path) -> None:
    with fake(model(tmp_path / "counter", "1", 1.0), queue=8) as live:
        body = b'{"text": ["a", "a", "a", "a", "a", "a", "a", "a"]}'
        with opened(live, REQUEST, b"Content-Length: %d\r\n\r\n" % len(body) + body):
            until(lambda: live.metric("queue_texts") == 8, "it is accepted")
        until(lambda: live.metric("queue_texts") == 0, "its place is free")
        assert live.metric("clients_gone_total") == 1
        assert live.predict("a").status == 200


@pytest.mark.parametrize(
    "sent",
    [b"Content-Length: 100\r\n\r\n{", b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"tex', b""],
    ids=["in the body", "in a chunk", "in the head"],
)  # fmt: skip
def test_a_client_that_goes_away_in_mid_request_harms_nobody(live: Live, sent: bytes) -> None:
    opened(live, REQUEST, sent).close()
    assert live.predict("a").status == 200
    assert "Traceback" not in str(live.said)


def test_a_body_without_a_declared_length_is_cut_at_the_limit(live: Live) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with opened(live, REQUEST, b"Transfer-Encoding: chunked\r\n\r\n") as connection:
        for _ in range(40):
            connection.sendall(piece)
        connection.sendall(b"0\r\n\r\n")
        assert b"413" in connection.recv(100)
    assert live.predict("a").status == 200
    assert "Traceback" not in str(live.said)
