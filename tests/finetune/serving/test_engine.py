"""From accepted texts to answers, with a model that counts characters."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from finetune.serving.engine import FAILURES, Engine
from finetune.serving.metrics import Metrics
from finetune.serving.refusals import FailedError, QueueFullError, TooLargeError
from finetune.serving.waiting import Limits, Waiting
from tests.finetune.serving.fake import BELL, FakeRuntime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIMITS = Limits(max_tokens=40, overhead=4, max_wait=0.01)


def tried(test: Callable[[Engine], Awaitable[Any]], runtime: FakeRuntime, room: int = 8) -> Any:  # noqa: ANN401
    """Run a test against an engine, in a loop of its own."""

    async def run() -> Any:  # noqa: ANN401 - whatever the test returns
        engine = Engine(runtime, LIMITS, room, Metrics().of("fake"))
        try:
            return await asyncio.wait_for(test(engine), 30)
        finally:
            runtime.gate.set()
            await asyncio.to_thread(engine.stop)

    return asyncio.run(run())


def counted(answers: list[dict[str, Any]]) -> float:
    return float(answers[0]["probabilities"]["characters"])


def test_a_text_is_answered() -> None:
    async def test(engine: Engine) -> float:
        return counted(await engine.submit(["seven !"]))

    assert tried(test, FakeRuntime()) == 7


def test_the_windows_of_a_long_text_come_together_again() -> None:
    async def test(engine: Engine) -> float:
        return counted(await engine.submit(["abc/defgh/" + "i" * 60]))

    assert tried(test, FakeRuntime()) == 68


def test_a_text_without_rows_is_answered_too() -> None:
    async def test(engine: Engine) -> float:
        return counted(await engine.submit([""]))

    assert tried(test, FakeRuntime()) == 0


def test_every_caller_gets_its_own_answer() -> None:
    async def test(engine: Engine) -> list[float]:
        futures = [engine.submit(["x" * size]) for size in (3, 30, 4, 29, 5)]
        return [counted(one) for one in await asyncio.gather(*futures)]

    assert tried(test, FakeRuntime()) == [3, 30, 4, 29, 5]


def test_texts_of_different_callers_share_a_batch() -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> None:
        first = engine.submit(["first"])
        await asyncio.sleep(0.1)  # it is in the model now, and the others can only wait
        rest = [engine.submit(["a text"]) for _ in range(5)]
        await asyncio.sleep(0.1)
        runtime.gate.set()
        await asyncio.gather(first, *rest)

    tried(test, runtime)
    assert runtime.batches == [1, 5]


def test_a_full_queue_says_when_to_try_again() -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> QueueFullError:
        engine.submit(["a"] * 8)
        with pytest.raises(QueueFullError, match="8 texts wait already; try again in 1 s") as full:
            engine.submit(["b"])
        return full.value

    assert tried(test, runtime).headers == {"Retry-After": "1"}


def test_who_goes_away_makes_room() -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> None:
        engine.submit(["a"] * 8).cancel()
        await asyncio.sleep(0)
        answer = engine.submit(["b"] * 8)
        runtime.gate.set()
        assert len(await answer) == 8

    tried(test, runtime)


def test_one_bad_text_does_not_spoil_its_batch() -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> list[Any]:
        first = engine.submit(["first"])
        await asyncio.sleep(0.1)
        rest = [engine.submit([one]) for one in ("good", BELL, "fine")]
        await asyncio.sleep(0.1)
        runtime.gate.set()
        return list(await asyncio.gather(first, *rest, return_exceptions=True))

    _, good, loud, fine = tried(test, runtime)
    assert (counted(good), counted(fine)) == (4, 4)
    assert isinstance(loud, FailedError)
    assert "RuntimeError: too loud" in str(loud)


def test_a_text_that_cannot_be_tokenised_fails_alone() -> None:
    async def test(engine: Engine) -> list[Any]:
        both = engine.submit(["UNREADABLE"]), engine.submit(["good"])
        return list(await asyncio.gather(*both, return_exceptions=True))

    bad, good = tried(test, FakeRuntime())
    assert isinstance(bad, FailedError)
    assert counted(good) == 4


def test_a_request_of_many_windows_does_not_hold_up_the_others() -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> int:
        many = engine.submit(["/".join(["x" * 40] * 50)])
        few = [engine.submit(["y" * size]) for size in (40, 20)]
        await asyncio.sleep(0.1)
        runtime.gate.set()
        await asyncio.gather(*few)
        before = len(runtime.batches)
        assert counted(await many) == 2000
        return before

    assert tried(test, runtime, room=64) < 100  # of 2000; a busy machine hears late


def test_a_long_text_takes_a_place_for_each_of_its_windows() -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> None:
        long = engine.submit(["a/b/c/d/e/f"])
        await asyncio.sleep(0.1)
        with pytest.raises(QueueFullError, match="6 texts wait already"):
            engine.submit(["g"] * 3)
        runtime.gate.set()
        await long
        await asyncio.sleep(0)
        assert len(await engine.submit(["g"] * 8)) == 8

    tried(test, runtime)


@pytest.mark.parametrize(
    ("windows", "refusal", "reason"),
    [(5, QueueFullError, "6 texts wait already"), (9, TooLargeError, "found 9 pieces.*accepted: 8")],
    ids=["no room now", "no room ever"],
)
def test_windows_that_find_no_room_are_refused(windows: int, refusal: type[Exception], reason: str) -> None:
    runtime = FakeRuntime()
    runtime.gate.clear()

    async def test(engine: Engine) -> None:
        engine.submit(["a"] * 5)
        with pytest.raises(refusal, match=reason):
            await engine.submit(["/".join("b" * windows)])

    tried(test, runtime)


class Panic(BaseException):
    """What a library in Rust raises, which is no Exception."""


def test_a_panic_is_answered_and_does_not_end_the_thread() -> None:
    async def test(engine: Engine) -> None:
        with pytest.raises(FailedError, match="Panic: too loud"):
            await engine.submit([BELL])
        assert counted(await engine.submit(["good"])) == 4

    tried(test, FakeRuntime(error=Panic("too loud")))


def test_when_a_thread_has_died_nobody_waits_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(_: Waiting) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(Waiting, "take", defect)

    async def test(engine: Engine) -> bool:
        with pytest.raises(FailedError, match="KeyError"):
            await engine.submit(["a"])
        with pytest.raises(FailedError, match="KeyError"):
            engine.submit(["b"])
        return await engine.well()

    assert not tried(test, FakeRuntime())


@pytest.mark.parametrize("version", ["1", "broken"])
def test_after_failures_in_a_row_a_text_of_our_own_tells_whether_it_is_well(version: str) -> None:
    async def test(engine: Engine) -> bool:
        assert await engine.well()
        await asyncio.gather(*(engine.submit([BELL]) for _ in range(FAILURES)), return_exceptions=True)
        return await engine.well()

    assert tried(test, FakeRuntime(version=version)) == (version == "1")


def test_idle_waits_for_what_was_accepted() -> None:
    async def test(engine: Engine) -> bool:
        future = engine.submit(["x"])
        await engine.idle()
        return future.done()

    assert tried(test, FakeRuntime(seconds=0.05))
