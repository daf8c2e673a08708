"""The fixture ``getty_clock``, as a user's tests use it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.submitted import submitted


@pytest.fixture
def getty_emulator() -> Iterator[Emulator]:
    """Each generation takes 40 seconds."""
    with Emulator(strict=True, latency="40") as emulator:
        yield emulator


@pytest.fixture
def pending(getty: Emulator, getty_clock: VirtualClock) -> str:
    [pending] = submitted()
    return pending


def fired(generation_request_id: str) -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        trigger = GenerationTrigger(generation_request_id, deadline=clock.now() + 600)
        payload: dict[str, Any] = (await anext(aiter(trigger.run()))).payload
        return payload

    return asyncio.run(main())


def test_the_time_of_the_emulator_passes_with_the_clock(pending: str, getty_clock: VirtualClock) -> None:
    assert fired(pending)["generation"]["status"] == "completed"
    assert 0 < getty_clock.elapsed < 60  # the emulator's also passes by itself


def test_a_trigger_on_a_finished_generation_waits_only_for_its_worker_to_end(
    getty: Emulator, pending: str, getty_clock: VirtualClock
) -> None:
    getty.advance(40)
    fired(pending)
    assert 0 < getty_clock.elapsed < 10


def test_a_sync_wait_takes_virtual_time(pending: str, getty_clock: VirtualClock) -> None:
    with GettyHook().get_conn() as client:
        client.wait_for(GetGeneration(generation_request_id=pending), deadline=clock.now() + 600)
    assert 0 < getty_clock.elapsed < 60


def test_the_plugin_imports_nothing_before_a_test_asks_for_it() -> None:
    code = "import sys, airflow_provider_getty.pytest_plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"aiohttp", "airflow", "pydantic", "requests", "getty_emulator"} & set(loaded.stdout.split())
