"""The poller: thousands of generations are waited for at once, over real HTTP."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from typing import Any

import pytest

from airflow_provider_getty.api import bodies, clock
from airflow_provider_getty.api.errors import BadRequestError, DeadlineExceededError, GoneError
from airflow_provider_getty.api.operations import GetGeneration, ListProducts
from airflow_provider_getty.api.results import Generation
from tests.support.pending_getty import OVER_LIMIT, PendingGetty, start, until, wait

PLENTY = 100_000


def polling_tasks() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if "Poller._work" in repr(task)]


# Many at once


async def test_a_thousand_share_twenty_connections_one_token_and_few_tasks(polled: PendingGetty) -> None:
    generations = [f"g{k}" for k in range(1000)]
    polled.seconds = 0.005
    async with polled.client(max_requests_per_second=PLENTY) as client:
        waiting = start(client, generations, interval=0.5)
        await until(lambda: len(polled.polls) == 1000)
        assert len(polling_tasks()) <= 20
        polled.finished.update(generations)
        found = await asyncio.gather(*waiting)
    assert [generation.generation_request_id for generation in found] == generations
    assert polled.most_open <= 20
    assert polled.connections <= 21
    assert polled.tokens == 1


async def test_what_is_due_longest_is_polled_first_so_that_none_starves(polled: PendingGetty) -> None:
    generations = [f"g{k}" for k in range(20)]
    async with polled.client(max_requests_per_second=100) as client:
        waiting = start(client, generations, interval=0.01)
        await until(lambda: polled.polls.total() >= 100)
        for task in waiting:
            task.cancel()
    assert max(polled.polls.values()) - min(polled.polls[generation] for generation in generations) <= 2


async def test_when_nothing_is_waited_for_any_more_nothing_is_left(polled: PendingGetty) -> None:
    async with polled.client() as client:
        for _ in range(2):
            waiting = start(client, ["a", "b"])
            await until(lambda: len(polled.polls) == 2)
            polled.finished.update("ab")
            await asyncio.gather(*waiting)
            await until(lambda: not polling_tasks())
            assert not client._poller._heap
            polled.finished.clear()
            polled.polls.clear()


async def test_those_who_went_leave_no_entries_behind(polled: PendingGetty) -> None:
    async with polled.client() as client:
        stays = start(client, ["stays"], first_poll_in=60)
        for _ in range(10):
            gone = start(client, (f"g{k}" for k in range(100)), first_poll_in=60)
            await asyncio.sleep(0)
            for task in gone:
                task.cancel()
            await asyncio.wait(gone)
        assert len(client._poller._heap) <= 110
        stays[0].cancel()


async def test_a_client_that_is_closed_lets_nobody_wait_on(polled: PendingGetty) -> None:
    async with polled.client() as client:
        waiting = start(client, ["a", "b"])
        await until(lambda: len(polled.polls) == 2)
    assert [type(end) for end in await asyncio.gather(*waiting, return_exceptions=True)] == [
        asyncio.CancelledError
    ] * 2
    assert not polling_tasks()


# One does not disturb another


async def test_who_is_cancelled_does_not_disturb_the_others(polled: PendingGetty) -> None:
    polled.seconds = 0.02
    async with polled.client(max_requests_per_second=PLENTY) as client:
        waiting = start(client, [f"g{k}" for k in range(40)])
        await until(lambda: polled.polls.total() > 60)
        for task in waiting[::2]:
            task.cancel()
        polled.finished.update(f"g{k}" for k in range(40))
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends[::2])
    assert all(isinstance(end, Generation) for end in ends[1::2])


async def test_an_odd_answer_for_one_is_that_ones_alone(polled: PendingGetty) -> None:
    odd = {"gone": (410, {"ErrorCode": "GenerationRequestGone"}), "odd": (418, ["?"]), "text": (200, "?")}
    polled.answer = odd.get
    async with polled.client() as client:
        [fine] = start(client, ["fine"])
        gone, strange, text = start(client, ["gone", "odd", "text"], seconds=0.5)
        with pytest.raises(GoneError):
            await gone
        with pytest.raises(BadRequestError, match="418"):
            await strange
        with pytest.raises(DeadlineExceededError, match="cannot be used"):
            await text
        polled.finished.add("fine")
        assert await fine


class OutOfTime(BaseException):
    """What a signal's handler may raise in the midst of anything, as Airflow's ``AirflowTaskTimeout``."""


@pytest.mark.parametrize("raised", [ZeroDivisionError, OutOfTime])
async def test_a_bug_in_the_reading_of_one_answer_is_that_ones_alone(
    polled: PendingGetty, raised: type[BaseException]
) -> None:
    class Buggy(GetGeneration):
        def read(self, status: int, document: Any) -> Any:
            raise raised

    polled.finished.add("buggy")
    async with polled.client() as client:
        fine = start(client, ["fine"])
        with pytest.raises(raised):
            await client.wait_for(Buggy(generation_request_id="buggy"), deadline=clock.now() + 5)
        polled.finished.add("fine")
        assert await fine[0]


# The deadline


async def test_under_429s_without_end_each_is_told_at_its_deadline(
    polled: PendingGetty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LAST_POLL_WITHIN", 0.3)
    polled.answer = lambda _: OVER_LIMIT
    async with polled.client() as client:
        began = clock.monotonic()
        waiting = start(client, [f"g{k}" for k in range(50)], seconds=0.7, interval=None)
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(end) for end in ends} == {DeadlineExceededError}
    assert 0.65 < clock.monotonic() - began < 1.3
    assert polled.polls.total() < 50


async def test_the_last_poll_is_made_at_the_deadline_itself(polled: PendingGetty) -> None:
    async with polled.client(max_requests_per_second=PLENTY) as client:
        began = clock.monotonic()
        with pytest.raises(DeadlineExceededError):
            await wait(client, "g", seconds=0.3, interval=0.15)
    assert [at - began for at in polled.arrivals[1:]] == pytest.approx([0.02, 0.2, 0.3], abs=0.1)
    assert polled.arrivals[-1] - began == pytest.approx(0.3)


# The budget


async def test_no_second_ever_sees_more_requests_than_allowed(polled: PendingGetty) -> None:
    async with polled.client(max_requests_per_second=40) as client:
        waiting = start(client, [f"g{k}" for k in range(60)], interval=0.1)
        calls = [asyncio.create_task(client.ask(ListProducts())) for _ in range(20)]
        await clock.pause(2.5)
        for task in (*waiting, *calls):
            task.cancel()
        await asyncio.wait([*waiting, *calls])
    times = sorted(polled.arrivals)
    assert max(bisect_left(times, at + 1) - k for k, at in enumerate(times)) <= 40
    assert len(times) >= 0.9 * 2.5 * 40


async def test_two_clients_of_an_account_share_its_budget(polled: PendingGetty) -> None:
    async with (
        polled.client(max_requests_per_second=20) as one,
        polled.client(max_requests_per_second=20, timeout=5) as other,
    ):
        waiting = [*start(one, [f"a{k}" for k in range(20)]), *start(other, [f"b{k}" for k in range(20)])]
        await clock.pause(1.5)
        for task in waiting:
            task.cancel()
    times = sorted(polled.arrivals)
    assert max(bisect_left(times, at + 1) - k for k, at in enumerate(times)) <= 20
    assert sum(polled.polls[f"b{k}"] for k in range(20)) > 8


# Learning


async def test_what_is_learned_of_one_kind_is_not_taken_for_another(polled: PendingGetty) -> None:
    async with polled.client(max_requests_per_second=PLENTY) as client:
        generations = [f"g{k}" for k in range(150)]
        polled.finished.update(generations)
        ago = clock.now() - 40
        pending: dict[str, list[tuple[int, object]]] = {generation: [(202, {})] for generation in generations}
        polled.answer = lambda generation: (
            pending.get(generation, []).pop() if pending.get(generation) else None
        )
        await asyncio.gather(*start(client, generations, submitted=ago, kind="refine"))
        schedule = client._poller.schedule
        untaught, taught = (
            schedule(f"{GetGeneration.name} {kind}").delay(0, jitter=0.5) for kind in ("extend", "refine")
        )
        assert taught > untaught
