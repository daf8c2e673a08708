"""What is seen of the poller from outside: an observer's figures, and the logs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from contextvars import ContextVar

import pytest

from tests.support.pending_getty import OVER_LIMIT, PendingGetty, until, wait


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int | None]] = Counter()
        self.late: list[float] = []
        self.states: list[tuple[int, float]] = []

    def requested(self, operation: str, status: int | None) -> None:
        self.requests[operation, status] += 1

    def polled(self, late: float) -> None:
        self.late.append(late)

    def waiting(self, generations: int, rate: float) -> None:
        self.states.append((generations, rate))


async def test_requests_lateness_and_the_number_waiting_are_observed(polled: PendingGetty) -> None:
    seen, answers = (
        Seen(),
        [OVER_LIMIT, (202, {}), (200, {"generation_request_id": "g", "results": [{"index": 0}]})],
    )
    polled.answer = lambda _: answers.pop(0)
    async with polled.client(seen) as client:
        await wait(client, "g")
    assert seen.requests == {
        ("token", 200): 1,
        ("get_generation", 429): 1,
        ("get_generation", 202): 1,
        ("get_generation", 200): 1,
    }
    assert len(seen.late) == 3
    assert max(seen.late) < 1
    assert seen.states[0][0] == 1
    assert seen.states[-1] == (0, client.budget.rate)


who = ContextVar("who", default="nobody")


async def test_each_one_logs_for_itself_and_not_at_every_poll(
    polled: PendingGetty, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "airflow_provider_getty")
    logged: list[tuple[str, str]] = []

    class Note(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            logged.append((who.get(), record.getMessage()))
            return True

    caplog.handler.addFilter(note := Note())
    answers: list[tuple[int, object]] = [*[(202, {})] * 5, *[(503, {})] * 3, *[(202, {})] * 5]
    polled.answer = lambda generation: answers.pop(0) if generation == "b" and answers else None
    polled.finished.update("b")

    async def as_itself(generation: str) -> None:
        who.set(generation)
        await wait(client, generation, interval=0.01)

    async with polled.client() as client:
        first = asyncio.create_task(as_itself("a"))
        await until(lambda: polled.polls["a"])
        await as_itself("b")
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
    caplog.handler.removeFilter(note)
    of_b = [line for whose, line in logged if whose == "b"]
    assert [line.partition(": ")[2][:14] for line in of_b] == [
        "waiting for at",
        "Getty answered",
        "Getty answered",
        "Getty answers ",
        "finished after",
    ]
    assert all("generation b" in line for line in of_b)
    assert [whose for whose, _ in logged if whose not in "ab"] == []


async def test_what_is_done_for_all_is_done_in_nobodys_name(polled: PendingGetty) -> None:
    """Or the first trigger's log would get what is about all of them."""
    names: set[str] = set()

    class Whose(Seen):
        def polled(self, late: float) -> None:
            names.add(who.get())

    who.set("first")
    polled.finished.add("g")
    async with polled.client(Whose()) as client:
        await wait(client, "g")
    assert names == {"nobody"}
