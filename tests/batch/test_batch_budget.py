"""A batch uses all of the account's limit while there is something to submit, and few requests an item."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.memory import forget
from airflow_provider_getty.api.observing import Unobserved
from airflow_provider_getty.api.virtual_clock import VirtualClock
from tests.support.batch_runs import batch, generates, manifest

LIMIT, ITEMS = 20, 240


class Sent(Unobserved):
    """When each request was answered, by its operation."""

    def __init__(self) -> None:
        self.at: list[tuple[str, float]] = []

    def requested(self, operation: str, status: int | None) -> None:
        self.at.append((operation, clock.monotonic()))


@pytest.fixture
def patient_getty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A Getty whose generations take 15 s in the median, on a clock of its own."""
    with Emulator(strict=True, latency="lognormal:15:0.6") as emulator:
        monkeypatch.setattr(emulator._service, "random", random.Random(1))
        extra = {"max_requests_per_second": LIMIT}
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(emulator.connection | {"extra": extra}))
        forget()
        with clock.replaced_by(VirtualClock(emulator.advance)):
            yield emulator
        forget()


@pytest.mark.real_time
def test_a_batch_uses_its_budget_and_asks_little_of_an_item(patient_getty: Emulator, tmp_path: Path) -> None:
    random.seed(1)
    sent = Sent()
    run = batch(
        generates(ITEMS),
        tmp_path,
        max_in_flight=ITEMS,
        timeout=3600,
        generation_timeout=600,
        poll_interval=None,
    )

    def client_of(account: Any, _: str, **how: Any) -> AsyncGettyClient:
        return AsyncGettyClient(account, observer=sent, **how)

    run.client_of = client_of
    began = clock.monotonic()
    assert manifest(run.begin())["completed"] == ITEMS
    last = max(at for operation, at in sent.at if operation == "generate")
    while_submitting = sum(at <= last for _, at in sent.at)
    assert while_submitting / (last - began) > 0.95 * LIMIT / 1.04
    assert len(sent.at) / ITEMS < 3.4
