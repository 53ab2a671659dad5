"""Which texts go through the model together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.serving.waiting import PADDING_SHARE, Job, Limits, Piece, Waiting, together

LIMITS = Limits(max_tokens=100, overhead=8, max_wait=0.01)
lengths = st.lists(st.integers(1, 120), min_size=1, max_size=40)


@dataclass
class Future:
    """As much of a future as is asked for."""

    finished: bool = False

    def done(self) -> bool:
        return self.finished


@dataclass
class Request:
    """A request of one text of this many tokens."""

    tokens: int
    since: float = 0.0
    future: Future = field(default_factory=Future)

    def piece(self) -> Piece:
        return self.pieces(1)[0]

    def pieces(self, count: int) -> list[Piece]:
        job = Job(["…"], self.future, self.since)  # type: ignore[arg-type] # as much of a future as is asked for
        return [Piece(job, place, [1] * self.tokens) for place in range(count)]


def waiting(*requests: Request) -> Waiting:
    queue = Waiting(LIMITS)
    queue.add(one.piece() for one in requests)
    return queue


def sizes(pieces: list[Piece]) -> list[int]:
    return [len(one.ids) for one in pieces]


def test_nothing_gives_no_batch() -> None:
    assert together([], LIMITS) == []


def test_the_example_of_the_docstring_holds() -> None:
    assert together([20, 90, 21, 19], LIMITS) == [0, 2, 3]


def test_a_text_longer_than_the_budget_goes_alone() -> None:
    assert together([150, 150, 10], LIMITS) == [0]


def test_the_budget_counts_padding() -> None:
    assert len(together([30, 30, 30, 30], LIMITS)) == 3


def test_long_and_short_texts_go_apart_until_all_are_gone() -> None:
    queue = waiting(*(Request(tokens) for tokens in (5, 50, 6, 48, 5)))
    assert [sizes(queue.take()), sizes(queue.take()), sizes(queue.take())] == [[5, 6, 5], [50, 48], []]


def test_equal_lengths_go_in_the_order_of_their_arrival() -> None:
    assert together([40] * 5, LIMITS) == [0, 1]


@given(lengths)
def test_the_oldest_is_in_every_batch(found: list[int]) -> None:
    assert 0 in together(found, LIMITS)


@given(lengths)
def test_no_batch_of_several_breaks_a_limit(found: list[int]) -> None:
    chosen = [found[at] for at in together(found, LIMITS)]
    padded = max(chosen) * len(chosen)
    assert len(chosen) == 1 or padded <= LIMITS.max_tokens
    assert padded - sum(chosen) <= LIMITS.overhead + sum(chosen) // PADDING_SHARE


@given(lengths)
def test_every_text_goes_exactly_once(found: list[int]) -> None:
    queue = waiting(*map(Request, found))
    taken: list[int] = []
    while len(queue):
        taken += sizes(queue.take())
    assert sorted(taken) == sorted(found)


def test_requests_of_many_pieces_take_turns() -> None:
    queue = waiting()
    for tokens in (90, 70, 95):
        queue.add(Request(tokens).pieces(2))
    assert [sizes(queue.take()) for _ in range(6)] == [[90], [70], [95], [90], [70], [95]]


def test_what_nobody_waits_for_is_dropped() -> None:
    left = Request(10, future=Future(finished=True))
    queue = waiting(left, Request(11))
    assert sizes(queue.take()) == [11]
    assert len(queue) == 0


@pytest.mark.parametrize(
    ("tokens", "now", "more", "pause"),
    [
        ([], 5.0, True, None),
        ([10], 5.0, False, 0.0),
        ([10], 5.0, True, 0.01),
        ([10], 5.004, True, 0.006),
        ([10], 6.0, True, 0.0),
        ([50, 50], 5.0, True, 0.0),
    ],
    ids=["nothing waits", "a lone text goes at once", "more is on its way", "the rest of the deadline",
         "past the deadline", "the budget is reached"],
)  # fmt: skip
def test_how_long_a_batch_waits(tokens: list[int], now: float, *, more: bool, pause: float | None) -> None:
    queue = waiting(*(Request(one, since=5.0) for one in tokens))
    assert queue.pause(now, more=more) == pytest.approx(pause)


def test_a_job_is_gone_when_its_future_was_cancelled() -> None:
    async def cancelled() -> bool:
        job = Job(["…"], asyncio.get_running_loop().create_future(), 0.0)
        job.future.cancel()
        return job.gone

    assert asyncio.run(cancelled())


def test_what_was_taken_counts_no_more() -> None:
    queue = waiting(Request(50), Request(50))
    assert sizes(queue.take()) == [50, 50]
    queue.add([Request(10, since=5.0).piece()])
    assert queue.pause(5.0, more=True) == pytest.approx(0.01)


def test_the_deadline_is_that_of_the_oldest() -> None:
    queue = waiting(Request(10, since=5.0), Request(10, since=5.008))
    assert queue.pause(5.009, more=True) == pytest.approx(0.001)
