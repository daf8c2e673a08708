"""A batch uses all of the account's limit while there is something to submit, and few requests an item."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.memory import forget
from airflow_provider_getty.api.observing import Unobserved
from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.batch.run import Batch
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.batch_runs import batch, generates, manifest
from tests.support.running_redis import running_redis

LIMIT, ITEMS = 20, 240


class Sent(Unobserved):
    """When each request was answered, by its operation, and with which status."""

    def __init__(self) -> None:
        self.began = clock.monotonic()
        self.answers: list[tuple[float, str, int | None]] = []

    def requested(self, operation: str, status: int | None) -> None:
        self.answers.append((clock.monotonic() - self.began, operation, status))

    @property
    def first(self) -> float:
        """The seconds until the first answer."""
        return self.answers[0][0]

    @property
    def submitting(self) -> float:
        """The seconds until the last submission."""
        return max(at for at, operation, _ in self.answers if operation == "generate")

    def per_second(self, since: float, until: float) -> float:
        """Requests that were taken between two moments, in seconds."""
        return sum(since <= at <= until and status != 429 for at, _, status in self.answers) / (until - since)

    def watch(self, run: Batch) -> None:
        """Have the batch say what it sends."""
        run.client_of = lambda account, _, **how: AsyncGettyClient(account, observer=self, **how)


@pytest.fixture
def patient_getty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A Getty whose generations take 15 s in the median, on the clock of those who wait."""
    virtual = VirtualClock()
    with Emulator(strict=True, latency="lognormal:15:0.6") as emulator:
        monkeypatch.setattr(emulator._service, "random", random.Random(1))
        monkeypatch.setattr(emulator._service.clock, "_source", virtual.now)
        random.seed(1)
        forget()
        with clock.replaced_by(virtual):
            yield emulator
        forget()


def patient_batch(folder: Path) -> Batch:
    """A batch that submits all as soon as it may."""
    return batch(
        generates(ITEMS),
        folder,
        max_in_flight=ITEMS,
        timeout=3600,
        generation_timeout=600,
        poll_interval=None,
    )


@pytest.mark.real_time
def test_a_batch_uses_its_budget_and_asks_little_of_an_item(
    patient_getty: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    extra = {"max_requests_per_second": LIMIT}
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(patient_getty.connection | {"extra": extra}))
    run, sent = patient_batch(tmp_path), Sent()
    sent.watch(run)
    assert manifest(run.begin())["completed"] == ITEMS
    assert sent.per_second(0, sent.submitting) > 0.95 * LIMIT / 1.04
    assert len(sent.answers) / ITEMS < 3.5


@pytest.mark.real_time
@pytest.mark.parametrize("coordinated", [False, True])
def test_two_batches_use_all_of_a_limit_that_nobody_told_them_and_share_it(
    patient_getty: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, coordinated: bool
) -> None:
    patient_getty.configure_account(queries_per_second=LIMIT)
    with running_redis() if coordinated else nullcontext() as redis, ThreadPoolExecutor() as processes:
        extra = {"coordinator": redis.url} if redis else {}
        sents = [Sent(), Sent()]

        def run(number: int) -> None:
            # What is learned of a host is kept apart, as it is in two processes.
            host = patient_getty.url.replace("127.0.0.1", ("127.0.0.1", "localhost")[number])
            connection = patient_getty.connection | {"host": host, "extra": extra}
            monkeypatch.setenv(f"AIRFLOW_CONN_GETTY_{number}", json.dumps(connection))
            folder = tmp_path / str(number)
            folder.mkdir()
            one = patient_batch(folder)
            one.hook = GettyHook(f"getty_{number}")
            sents[number].watch(one)
            assert manifest(one.begin())["completed"] == ITEMS

        list(processes.map(run, range(2)))
    # Virtual time may pass before the second thread begins.
    since, until = max(sent.first for sent in sents), min(sent.submitting for sent in sents)
    used = [sent.per_second(since, until) for sent in sents]
    refused = [status for sent in sents for _, _, status in sent.answers].count(429)
    assert sum(used) > 0.85 * LIMIT
    assert max(used) < 1.2 * min(used)
    assert refused < 0.03 * sum(len(sent.answers) for sent in sents)
    assert len(patient_getty.ledger()["entries"]) == 2 * ITEMS
