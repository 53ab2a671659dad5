"""What each route answers, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.finetune.serving.fake import BELL
from tests.finetune.serving.live import fake, model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.finetune.serving.live import Live

KEY, OTHER = "0123456789abcdef", "another-key-of-some-length"


def test_one_text_gets_one_answer(live: Live) -> None:
    reply = live.predict("four")
    answer = {"label": "1", "confidence": 1.0, "probabilities": {"characters": 4.0}}
    assert (reply.status, reply.json) == (200, {"model": "counter", "answers": [answer]})


def test_many_texts_get_answers_in_their_order(live: Live) -> None:
    texts = ["b", "a", "文本", ""]
    answers = live.predict(texts, "/v1/models/counter/predict").json["answers"]
    assert [next(iter(one["probabilities"])) for one in answers] == texts


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 422, "the body: Invalid JSON: EOF"),
        (b"[]", 422, "the body: Input should be an object"),
        (b"{}", 422, "text: Field required"),
        (b'{"text": 3}', 422, "text: Input should be a valid string"),
        (b'{"text": null}', 422, "text: Input should be a valid string"),
        (b'{"text": ["a", 3]}', 422, "text[1]: Input should be a valid string"),
        (b'{"text": []}', 422, "text: List should have at least 1 item"),
        (b'{"text": "a", "texts": "b"}', 422, "texts: Extra inputs are not permitted"),
        (b'{"text": "a\xff"}', 422, "the body: Invalid JSON: invalid unicode"),
        (b'{"text": "\\ud800"}', 422, "the body: Invalid JSON"),
        (b'{"text":' + b"[" * 99999, 422, "recursion limit"),
        (b'{"text": "a", "model": "b"}', 404, "model: found 'b'; served here: counter"),
        (json.dumps({"text": "x" * 20001}).encode(), 413, "text: String should have at most 20000"),
        (json.dumps({"text": ["x"] * 9}).encode(), 413, "text: List should have at most 8 items"),
        (b" " * (1 << 20) + b"{}", 413, "larger than 1,048,576 bytes"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, bytes) else None,
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_a_reason(
    live: Live, body: bytes, status: int, reason: str
) -> None:
    reply = live.send("POST", "/v1/predict", body)
    assert reply.status == status
    assert reason in reply.json["error"]


def test_a_body_that_is_not_declared_as_json_is_refused(live: Live) -> None:
    reply = live.send("POST", "/v1/predict", b'{"text": "a"}', **{"Content-Type": "text/plain"})
    assert reply.status == 415
    assert reply.json["error"] == "Content-Type: found 'text/plain'; accepted: application/json"


def test_a_model_that_fails_says_so_in_json(live: Live) -> None:
    reply = live.predict(BELL)
    assert (reply.status, reply.json["error"][:16]) == (500, "the model failed")


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/v1/predict", 405)])
def test_a_wrong_route_is_told_where_the_routes_are_listed(live: Live, path: str, status: int) -> None:
    reply = live.get(path)
    assert reply.status == status
    assert reply.json["error"].endswith("/docs lists what there is")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v1/models", "/openapi.json"])
def test_a_healthy_service_answers_in_json(live: Live, path: str) -> None:
    reply = live.get(path)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json


def test_a_model_that_fails_at_every_text_is_not_ready(tmp_path: Path) -> None:
    with fake(model(tmp_path / "counter", "broken")) as live:
        assert live.get("/health/ready").status == 200
        assert {live.predict("a").status for _ in range(3)} == {500}
        assert (live.get("/health/ready").status, live.get("/health/live").status) == (503, 200)


def test_callers_whose_texts_fail_do_not_take_the_service_away(live: Live) -> None:
    assert {live.predict(BELL).status for _ in range(4)} == {500}
    assert live.get("/health/ready").status == 200


def test_metrics_count_what_happened(live: Live) -> None:
    names = ("texts_total", "tokens_total", "batch_size_count", "request_seconds_count")
    before = [live.metric(name) for name in names]
    live.predict(["abc", "de"])
    after = [live.metric(name) for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)][:3] == [2, 5, 1]
    assert after[3] > before[3]


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/page.css", "/page.js", "/words.js", "/docs.js", "/icon.svg"]
)
def test_pages_load_nothing_from_elsewhere(live: Live, path: str) -> None:
    reply = live.get(path)
    assert reply.status == 200
    assert b"http" not in reply.body.replace(b"http://www.w3.org/2000/svg", b"").lower()
    assert "default-src 'none'; script-src 'self'" in reply.headers["content-security-policy"]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"# of the shop\n{KEY}\n\n{OTHER}\n")
    return path


def test_a_key_is_demanded_where_there_is_one(keyed: Path, tmp_path: Path) -> None:
    with fake(model(tmp_path / "counter"), keys=keyed) as live:
        body = b'{"text": "a"}'
        found = [
            live.send("POST", "/v1/predict", body, Authorization=value).status
            for value in (
                f"Bearer {KEY}",
                "bearer another-key-of-some-length",
                f"Bearer {KEY}x",
                f"Basic {KEY}",
                "",
            )
        ]
        assert found == [200, 200, 401, 401, 401]
        assert live.predict("a").headers["www-authenticate"] == "Bearer"
        assert [live.get(one).status for one in ("/metrics", "/v1/models")] == [401, 401]
        assert [live.get(one).status for one in ("/", "/health/ready", "/openapi.json")] == [200, 200, 200]
        assert live.get("/openapi.json").json["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_two_models_are_called_by_their_names(tmp_path: Path) -> None:
    with fake(model(tmp_path / "one", "1"), model(tmp_path / "two", "2")) as live:
        labels = [live.predict("a", model=name).json["answers"][0]["label"] for name in ("one", "two")]
        assert labels == ["1", "2"]
        reply = live.predict("a")
        assert (reply.status, reply.json["error"]) == (
            422,
            "model: several models are served; name one of: one, two",
        )
