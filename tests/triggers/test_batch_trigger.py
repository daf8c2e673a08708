"""BatchTrigger: waits until enough generations of a batch are finished."""

from __future__ import annotations

import asyncio
import json

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.triggers.batch import BatchTrigger
from tests.support.task_runs import only_event


def submit(getty: Emulator, count: int) -> list[tuple[str, float]]:
    """The ids of generations that are pending until they are polled, and when they were submitted."""
    getty.fault("stay-pending", "generate", times=count)
    getty.fault("finish-at-once", "get-generation", times=count)
    hook = GettyHook()
    return [(hook.generate(f"stars {n}").generation_request_id, clock.now()) for n in range(count)]


def seen(*in_flight: tuple[str, float], enough: int) -> list[int]:
    """The numbers of the items that are finished when it fires; the first is 0."""
    trigger = BatchTrigger(
        in_flight=[(number, *each) for number, each in enumerate(in_flight)],
        enough=enough,
        until=clock.now() + 600,
        deadline=clock.now() + 600,
    )
    payload = json.loads(json.dumps(asyncio.run(only_event(trigger)).payload))
    return [number for number, *_ in payload["seen"]]


def test_what_an_earlier_round_has_left_is_not_left_again(getty: Emulator, getty_clock: VirtualClock) -> None:
    """By its age alone it would be polled after all that is new, in each round."""
    left = submit(getty, 10)
    getty_clock.advance(120)
    new = submit(getty, 10)
    assert len(set(range(10)) & set(seen(*left, *new, enough=10))) >= 5


def test_it_logs_how_many_are_finished_in_ten_lines_at_most(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "airflow_provider_getty.triggers.batch")
    seen(*submit(getty, 25), enough=25)
    lines = [each for each in caplog.messages if each.endswith("generations are finished.")]
    assert len(lines) == 10
    assert lines[-1] == "25 of 25 generations are finished."
