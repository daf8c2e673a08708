"""The client that triggers share: one per event loop and account, opened by the first and closed by the last."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import subprocess
import sys
import weakref
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.hooks import metrics
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.triggers import shared_client as poller
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.getty_journal import sent
from tests.support.submitted import left_pending
from tests.support.task_runs import only_event


def trigger(generation_request_id: str, **arguments: Any) -> GenerationTrigger:
    return GenerationTrigger(generation_request_id, deadline=clock.now() + 60, **arguments)


def start(triggers: list[GenerationTrigger]) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(only_event(waiting)) for waiting in triggers]


async def until_polled(getty: Emulator, times: int) -> None:
    async with asyncio.timeout(30):
        while sent(getty).count("get-generation") < times:
            await asyncio.sleep(0.01)


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections that were looked up."""
    asked: list[str] = []
    look_up = GettyHook.get_async_account

    async def noted(hook: GettyHook) -> Any:
        asked.append(hook.getty_conn_id)
        return await look_up(hook)

    monkeypatch.setattr(GettyHook, "get_async_account", noted)
    return asked


async def test_two_hundred_triggers_share_one_token_one_look_up_and_one_client(
    getty: Emulator, looked_up: list[str]
) -> None:
    pending = left_pending(getty, 200)
    waiting = start([trigger(one) for one in pending])
    await until_polled(getty, 200)
    [shared] = poller._loops[asyncio.get_running_loop()].clients.values()
    assert shared.users == 200
    getty.fault("finish-at-once", "get-generation", times=None)
    events = await asyncio.gather(*waiting)
    assert [event.payload["generation"]["generation_request_id"] for event in events] == pending
    assert sent(getty).count("token") == 1
    assert looked_up == ["getty_default"]
    assert shared.client._session.closed
    assert not poller._loops


async def test_two_connections_of_one_account_share_a_client_and_two_accounts_do_not(
    getty: Emulator, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SAME", json.dumps(getty.connection))
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(getty.connection | {"extra": {"timeout": 7}}))
    pending = left_pending(getty, 3)
    connections = ("getty_default", "same", "other")
    waiting = start([trigger(one, getty_conn_id=by) for one, by in zip(pending, connections, strict=True)])
    await until_polled(getty, 3)
    users = [shared.users for shared in poller._loops[asyncio.get_running_loop()].clients.values()]
    assert sorted(users) == [1, 2]
    getty.fault("finish-at-once", "get-generation", times=None)
    await asyncio.gather(*waiting)
    assert looked_up == list(connections)
    assert sent(getty).count("token") == 2


async def test_the_one_that_began_the_look_up_may_be_cancelled(getty: Emulator) -> None:
    first, second = left_pending(getty, 2)
    doomed, other = start([trigger(first), trigger(second)])
    await asyncio.sleep(0)
    doomed.cancel()
    getty.fault("finish-at-once", "get-generation")
    assert (await other).payload["generation"]["generation_request_id"] == second
    with pytest.raises(asyncio.CancelledError):
        await doomed


async def test_a_trigger_that_is_cancelled_while_it_waits_does_not_disturb_the_others(
    getty: Emulator,
) -> None:
    stopped, going_on = left_pending(getty, 2)
    doomed, other = start([trigger(stopped), trigger(going_on)])
    await until_polled(getty, 2)
    doomed.cancel()
    with suppress(asyncio.CancelledError):
        await doomed
    getty.fault("finish-at-once", "get-generation")
    assert (await other).payload["generation"]["generation_request_id"] == going_on
    assert sent(getty).count("token") == 1


async def test_cancelled_before_the_client_is_open_it_leaves_nothing(getty: Emulator) -> None:
    [pending] = left_pending(getty, 1)
    [doomed] = start([trigger(pending)])
    await asyncio.sleep(0)
    doomed.cancel()
    with suppress(asyncio.CancelledError):
        await doomed
    assert not poller._loops


async def test_a_connection_that_cannot_be_used_is_told_to_all_and_looked_up_anew_by_the_next(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = left_pending(getty, 3)
    right = json.dumps(getty.connection)
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", '{"conn_type": "getty", "login": "only-a-key"}')
    events = await asyncio.gather(*start([trigger(one) for one in pending]))
    assert all(event.payload["error"]["problem"] == "The Getty API secret is missing." for event in events)
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", right)
    getty.fault("finish-at-once", "get-generation")
    [event] = await asyncio.gather(*start([trigger(pending[0])]))
    assert event.payload["generation"]


def test_event_loops_come_and_go_without_leaving_anything(getty: Emulator) -> None:
    loops = []

    async def one_life(pending: str) -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        getty.fault("finish-at-once", "get-generation")
        await only_event(trigger(pending))

    for pending in left_pending(getty, 5):
        asyncio.run(one_life(pending))
    gc.collect()
    alive = [loop for loop in loops if loop() is not None]
    assert alive in (
        [],
        loops[-1:],
    )  # the last one is remembered by asgiref, with which Airflow reads connections
    assert not poller._loops


async def test_what_was_learned_of_an_account_stays_when_nothing_is_waited_for(getty: Emulator) -> None:
    getty.fault("finish-at-once", "get-generation", times=None)
    schedules = []
    for pending in left_pending(getty, 2):
        [waiting] = start([trigger(pending, kind="refine")])
        await waiting
        [of_account] = poller._learned[asyncio.get_running_loop()].values()
        schedules.append(of_account["get_generation refine"])
    assert not poller._loops
    assert schedules[0] is schedules[1]
    assert len(schedules[0]._observed) == 2


# Metrics


IN_A_TRIGGERER = """
import asyncio, sys
from airflow_provider_getty.triggers import generation

async def run():
    triggers = [generation.GenerationTrigger(one, deadline=9e9) for one in sys.argv[1:]]
    await asyncio.gather(*(anext(trigger.run()) for trigger in triggers))

generation.WORKER_ENDS_IN = 0.0
asyncio.run(run())
"""


def test_airflow_is_told_what_the_shared_client_does(getty: Emulator) -> None:
    """In a process like that of a triggerer, with a StatsD that listens."""
    pending = left_pending(getty, 3)
    getty.fault("queries-per-second", "get-generation")
    getty.fault("finish-at-once", "get-generation", times=None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        settings = {"STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": statsd.getsockname()[1]}
        environment = {f"AIRFLOW__METRICS__{name}": str(value) for name, value in settings.items()}
        subprocess.run(
            [sys.executable, "-c", IN_A_TRIGGERER, *pending], env=os.environ | environment, check=True
        )
        statsd.setblocking(False)
        told: dict[str, float] = defaultdict(float)
        with suppress(BlockingIOError):
            while True:
                name, _, value = statsd.recv(65536).decode().partition(":")
                told[name.removeprefix("airflow.getty.")] += float(value.partition("|")[0])
    assert told["requests.get_generation.200"] == 3
    assert told["requests.get_generation.429"] == told["rate_limited"] == told["requests.token.200"] == 1
    assert told["waiting.getty_default"] >= 1
    assert told["rate.getty_default"] > 0
    assert {"poll_lateness.getty_default", "poll_lateness_max.getty_default"} <= told.keys()


async def test_metrics_that_cannot_be_told_disturb_nothing(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise RuntimeError("no metrics here")

    monkeypatch.setattr(metrics, "_stats", broken)
    [pending] = left_pending(getty, 1)
    getty.fault("finish-at-once", "get-generation")
    [event] = await asyncio.gather(*start([trigger(pending)]))
    assert event.payload["generation"]
