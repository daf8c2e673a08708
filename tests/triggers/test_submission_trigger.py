"""SubmissionTrigger: waits in the triggerer for a place among the account's pending generations."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import suppress
from typing import Any

import pytest
from getty_emulator.server import Emulator
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import ConcurrentGenerationsError
from airflow_provider_getty.api.operations import Refine
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.triggers import submission
from airflow_provider_getty.triggers.generation import GenerationTrigger
from airflow_provider_getty.triggers.submission import SubmissionTrigger, next_attempt_in, slot_freed
from tests.support.running_redis import running_redis
from tests.support.submitted import submitted
from tests.support.task_runs import only_event

LONG = 1000.0


def trigger(*, due_in: float = LONG, ends_in: float = LONG, conn: str = "getty_default") -> SubmissionTrigger:
    now = clock.now()
    return SubmissionTrigger(attempts=3, deadline=now + ends_in, due=now + due_in, getty_conn_id=conn)


async def fired_in_order(waiting: dict[str, SubmissionTrigger], freed: list[str]) -> list[str]:
    """Which of the triggers fire, and in which order, when places of these connections become free."""
    order: list[str] = []

    async def wait(name: str) -> None:
        await only_event(waiting[name])
        order.append(name)

    tasks = [asyncio.create_task(wait(name)) for name in waiting]
    await clock.pause(LONG / 2)  # no worker is still about to end
    for conn in freed:
        slot_freed(conn)
    await clock.pause(1)
    for each in tasks:
        each.cancel()
        with suppress(asyncio.CancelledError):
            await each
    return order


def test_it_fires_when_it_is_due_with_what_it_takes_to_go_on() -> None:
    waiting = trigger(due_in=30)
    began = clock.monotonic()
    event = asyncio.run(only_event(waiting))
    assert clock.monotonic() - began == pytest.approx(30)
    assert json.loads(json.dumps(event.payload)) == {"deadline": waiting.deadline, "attempts": 3}


def test_it_fires_at_the_deadline_at_the_latest() -> None:
    began = clock.monotonic()
    asyncio.run(only_event(trigger(due_in=80, ends_in=20)))
    assert clock.monotonic() - began == pytest.approx(20)


@pytest.mark.parametrize(("due_in", "fires_in"), [(14, 14), (15, 15), (15.1, 20), (19.9, 20)])
def test_an_attempt_after_which_there_is_no_time_for_another_is_made_at_the_deadline(
    due_in: float, fires_in: float
) -> None:
    began = clock.monotonic()
    asyncio.run(only_event(trigger(due_in=due_in, ends_in=20)))
    assert clock.monotonic() - began == pytest.approx(fires_in)


def test_it_gives_the_worker_time_to_end_before_it_fires() -> None:
    """Or LocalExecutor takes the task for failed."""

    async def freed_at_once() -> float:
        began = clock.monotonic()
        waiting = asyncio.create_task(only_event(trigger(due_in=80)))
        await asyncio.sleep(0)
        slot_freed("getty_default")
        await waiting
        return clock.monotonic() - began

    assert asyncio.run(freed_at_once()) == pytest.approx(5)


def test_each_free_place_is_for_one_and_who_came_first_is_served_first() -> None:
    waiting = {name: trigger() for name in ("first", "second", "third")}
    freed = ["getty_default", "getty_default"]
    assert asyncio.run(fired_in_order(waiting, freed)) == ["first", "second"]


def test_a_place_of_another_connection_is_none() -> None:
    waiting = {"ours": trigger(), "theirs": trigger(conn="another")}
    assert asyncio.run(fired_in_order(waiting, ["another", "nobody"])) == ["theirs"]


def test_a_generation_that_finishes_in_this_triggerer_frees_a_place(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    [generation] = submitted()

    async def wait_for_place() -> float:
        began = clock.monotonic()
        waiting = asyncio.create_task(only_event(trigger(due_in=LONG)))
        await clock.pause(10)
        getty.fault("finish-at-once", "get-generation")
        await only_event(GenerationTrigger(generation, deadline=clock.now() + 60))
        await waiting
        return clock.monotonic() - began

    assert asyncio.run(wait_for_place()) < 60


@pytest.mark.parametrize("is_coordinated", [True, False])
def test_with_a_coordinator_a_generation_that_finishes_anywhere_frees_a_slot(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, *, is_coordinated: bool
) -> None:
    with running_redis() as redis:
        connection = getty.connection
        if is_coordinated:
            connection["extra"]["coordinator"] = redis.url
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(connection))
        getty.fault("stay-pending", "refine")
        getty.fault("concurrent-generations", "refine", skip=1, voice="service")
        elsewhere = GettyHook()
        mask_url = elsewhere.upload_mask([(10, 10, 90, 90)], image_size=(100, 100))
        pending = elsewhere.refine(image_id="1473240153", mask_url=mask_url).generation_request_id
        with pytest.raises(ConcurrentGenerationsError):
            elsewhere.get_conn().ask(Refine(image_id="1473240153", mask_url=mask_url))

        async def collect_elsewhere() -> float:
            began = clock.monotonic()
            waiting = asyncio.create_task(only_event(trigger(due_in=LONG)))
            await clock.pause(100)
            assert not waiting.done()
            getty.fault("finish-at-once", "get-generation")
            await clock.in_thread(elsewhere.get_generation, pending)
            await waiting
            return clock.monotonic() - began

        took = asyncio.run(collect_elsewhere())
        elsewhere.get_conn().close()
        assert took == pytest.approx(100, abs=5) if is_coordinated else took == pytest.approx(LONG)


def test_a_connection_that_cannot_be_used_is_told_by_the_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps({"conn_type": "getty"}))
    began = clock.monotonic()
    asyncio.run(only_event(trigger(due_in=30)))
    assert clock.monotonic() - began == pytest.approx(30)


def test_it_is_made_again_from_what_airflow_stores_and_due_at_the_same_time() -> None:
    waiting = SubmissionTrigger(attempts=2, deadline=clock.now() + 60, getty_conn_id="another")
    path, arguments = waiting.serialize()
    assert path == "airflow_provider_getty.triggers.submission.SubmissionTrigger"
    stored = json.loads(json.dumps(arguments))
    assert SubmissionTrigger(**stored).serialize() == (path, arguments)


def test_event_loops_come_and_go_without_leaving_anything() -> None:
    for _ in range(3):
        asyncio.run(fired_in_order({"one": trigger(), "two": trigger()}, ["getty_default"]))
    gc.collect()
    assert not [waiting for state in submission._waiting.values() for waiting in state.values() if waiting]
    assert len(submission._waiting) <= 2, "the last ones are remembered by who ran them: asyncio, the clock"


@given(attempts=st.integers(1, 10**6), jitter=st.floats(0, 1))
def test_attempts_become_rarer_and_never_stop(attempts: int, jitter: float) -> None:
    delay = next_attempt_in(attempts, jitter=jitter)
    assert 5 <= delay <= 60
    assert delay <= next_attempt_in(attempts + 1, jitter=jitter)


def test_what_was_refused_together_is_not_tried_together() -> None:
    due: set[Any] = {SubmissionTrigger(attempts=1, deadline=clock.now() + LONG).due for _ in range(50)}
    assert max(due) - min(due) > 2
