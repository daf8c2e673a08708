"""A secret that was rotated while something waits: the connection is read again before anybody gives up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import AuthenticationError
from airflow_provider_getty.api.operations import ListProducts
from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from airflow_provider_getty.triggers.shared_client import shared_client
from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch, to_the_end
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.submitted import submitted
from tests.support.task_runs import Worker


def connect(monkeypatch: pytest.MonkeyPatch, getty: Emulator, **changes: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.connection | changes))


def test_a_worker_goes_on_with_the_new_secret(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, getty, password="old")
    hook = GettyHook()
    client = hook.get_conn()
    connect(monkeypatch, getty)
    assert client.ask(ListProducts()).products


@pytest.mark.parametrize("shared", [True, False], ids=["trigger", "batch"])
def test_what_waits_in_an_event_loop_goes_on_with_the_new_secret(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    async def ask() -> None:
        connect(monkeypatch, getty, password="old")
        async with shared_client("getty_default") if shared else await GettyHook().get_async_conn() as client:
            connect(monkeypatch, getty)
            assert (await client.ask(ListProducts())).products

    asyncio.run(ask())


def a_refine(_: Path, *, deferrable: bool) -> GettyRefineOperator:
    return refine(deferrable=deferrable, poll_interval=0.05)


def a_sensor(_: Path, *, deferrable: bool) -> GenerationSensor:
    [pending] = submitted()
    return GenerationSensor(
        task_id="wait",
        generation_request_id=pending,
        deferrable=deferrable,
        poke_interval=0.05,
        timeout=60,
    )


def three_items(folder: Path, *, deferrable: bool) -> GettyBatchOperator:
    return a_batch(generates(3), folder, deferrable=deferrable)


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its worker", "deferred"])
@pytest.mark.parametrize("task", [a_refine, a_sensor, three_items])
def test_a_whole_task_outlives_a_secret_that_is_rotated_while_it_waits(
    getty: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    task: Callable[..., Any],
    *,
    deferrable: bool,
) -> None:
    """The old secret and its token are refused from the third poll on, and the connection has the new one."""
    connect(monkeypatch, getty)
    getty.fault("stay-pending", times=None)
    rotated = False

    def advance(seconds: float) -> None:
        nonlocal rotated
        getty.advance(seconds)
        if not rotated and sent(getty).count("get-generation") >= 2:
            rotated = True
            getty.configure_account(secret="new")
            connect(monkeypatch, getty, password="new")
            getty.clear_faults()
            getty.fault("finish-at-once", "get-generation", times=None)

    with clock.replaced_by(VirtualClock(advance)):
        worker = Worker()
        run, _ = to_the_end(worker, worker.run(task(tmp_path, deferrable=deferrable)))

    assert rotated
    assert run.state == "success", run.message
    assert getty.ledger()["total"] == len(getty.generations())


@pytest.mark.parametrize(
    "change",
    [{"password": "old"}, {"login": "another-key", "password": "its-secret"}],
    ids=["the same", "another account's"],
)
def test_a_secret_that_stays_refused_is_final(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    connect(monkeypatch, getty, password="old")
    client = GettyHook().get_conn()
    connect(monkeypatch, getty, **change)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            client.ask(ListProducts())
    assert sent(getty) == ["token"] * 2
