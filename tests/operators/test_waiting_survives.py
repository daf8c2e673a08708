"""A wait outlives Getty's absence, its own process and its deadline, and what it waits for is paid once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.sensors.generation import GenerationSensor
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.submitted import submitted
from tests.support.task_runs import TaskRun, Worker, only_event

SEVERAL = 3


@dataclass
class Getty:
    """An emulator that can be switched off, and comes back where and as it was."""

    state: Path
    emulator: Emulator

    @property
    def paid(self) -> int:
        return int(self.emulator.ledger()["total"])

    def stop(self) -> None:
        self.emulator.__exit__()

    def start(self) -> None:
        port = int(self.emulator.url.rpartition(":")[2])
        self.emulator = Emulator(strict=True, state=self.state, port=port).__enter__()


@pytest.fixture
def getty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Getty]:
    getty = Getty(tmp_path / "state", Emulator(strict=True, state=tmp_path / "state").__enter__())
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.emulator.connection))
    getty.emulator.fault("stay-pending", "refine", times=None)
    yield getty
    getty.stop()


def wait_until(seen: Callable[[], bool]) -> None:
    """What another thread does."""
    while not seen():
        time.sleep(0.005)


class Refusals(logging.Handler):
    """Halts who meets one refusal after the other until Getty is back, as virtual time would run to the deadline."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.are_several, self.are_over = Event(), Event()

    def handle(self, record: logging.LogRecord) -> bool:  # not emit(), in which no other thread could log
        said = record.getMessage()
        self.seen += "Starting new HTTP connection" in said or "ClientConnectorError" in said
        if self.seen >= SEVERAL:
            self.are_several.set()
            self.are_over.wait(60)
        return True


def switched_off_and_on(getty: Getty, log: pytest.LogCaptureFixture) -> None:
    """Connections are refused, until an emulator of the same state is there again."""
    log.set_level("DEBUG", "urllib3.connectionpool")
    refusals = Refusals()
    logging.getLogger().addHandler(refusals)
    try:
        getty.stop()
        assert refusals.are_several.wait(60), "it gave up before"
    finally:
        getty.start()
        getty.emulator.fault("finish-at-once", "get-generation")
        refusals.are_over.set()
        logging.getLogger().removeHandler(refusals)


def unavailable(getty: Getty, log: pytest.LogCaptureFixture) -> None:
    """The gateway answers for a service that is away."""
    getty.emulator.fault("server-error", "get-generation", times=None, status=503)
    wait_until(lambda: sum(request["status"] == 503 for request in getty.emulator.requests()) >= SEVERAL)
    getty.emulator.clear_faults()
    getty.emulator.fault("finish-at-once", "get-generation")


def operator() -> TaskRun:
    return Worker().run(refine(deferrable=False, poll_interval=0.02, timeout=600))


def trigger() -> TaskRun:
    worker = Worker()
    return worker.resume(worker.run(refine(deferrable=True, poll_interval=0.02, timeout=600)))


def sensor() -> TaskRun:
    [pending] = submitted()
    return Worker().run(
        GenerationSensor(task_id="wait", generation_request_id=pending, poke_interval=0.02, deferrable=False)
    )


@pytest.mark.parametrize("trouble", [switched_off_and_on, unavailable])
@pytest.mark.parametrize("wait", [operator, trigger, sensor])
def test_while_getty_is_away_the_wait_goes_on(
    getty: Getty,
    caplog: pytest.LogCaptureFixture,
    wait: Callable[[], TaskRun],
    trouble: Callable[[Getty, pytest.LogCaptureFixture], None],
) -> None:
    def be_away() -> None:
        wait_until(lambda: sent(getty.emulator).count("get-generation") >= (2 if wait is trigger else 1))
        trouble(getty, caplog)

    with ThreadPoolExecutor() as meanwhile:
        away = meanwhile.submit(be_away)
        run = wait()
        away.result()

    assert run.state == "success", run.message
    assert run.result["status"] == "completed"
    assert getty.paid == 1
    if trouble is switched_off_and_on:
        assert "token" not in sent(getty.emulator), "its token is still good"


def test_a_second_triggerer_takes_over_with_the_same_deadline(getty: Getty) -> None:
    """The first dies while Getty is away; Getty comes back, and so does the trigger, from Airflow's database."""
    worker = Worker()
    deferred = worker.run(refine(deferrable=True, timeout=60))
    first = deferred.trigger
    assert isinstance(first, GenerationTrigger)

    async def die_waiting() -> None:
        waiting = asyncio.create_task(only_event(first))
        while sent(getty.emulator).count("get-generation") < 3:
            await asyncio.sleep(0.005)
        await asyncio.to_thread(getty.stop)
        await asyncio.sleep(0.05)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    asyncio.run(die_waiting())
    getty.start()
    getty.emulator.fault("finish-at-once", "get-generation")
    second = GenerationTrigger(**json.loads(json.dumps(first.serialize()[1])))
    event = asyncio.run(only_event(second)).payload

    assert (second.deadline, second.submitted) == (first.deadline, first.submitted)
    assert worker.resume(deferred, event).state == "success"
    assert getty.paid == 1


@pytest.mark.parametrize("ends", ["by its trigger", "by Airflow"])
def test_after_the_deadline_of_a_deferred_task_a_retry_collects_what_was_paid(
    getty: Getty, ends: str
) -> None:
    """Also from a Getty that was restarted meanwhile."""
    worker = Worker()
    deferred = worker.run(refine(deferrable=True, timeout=0.5), retries_left=True)
    late = (
        worker.resume(deferred, retries_left=True)
        if ends == "by its trigger"
        else worker.fail_by_timeout(deferred, retries_left=True)
    )
    assert late.state == "up_for_retry"
    getty.stop()
    getty.start()
    getty.emulator.advance(5 * 30 * 24 * 3600)
    getty.emulator.fault("finish-at-once", "get-generation")

    retried = worker.run(refine(deferrable=True))

    assert retried.state == "success", retried.message
    assert retried.result["status"] == "completed"
    assert getty.paid == 1
