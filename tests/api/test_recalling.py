"""Latencies that other processes have learned."""

from __future__ import annotations

import random

import pytest

from airflow_provider_getty.api.coordinator import Coordinator
from airflow_provider_getty.api.schedule import Schedule
from tests.support.scripted_getty import account


def taught(latency: float, count: int = 60) -> Schedule:
    """A schedule that has seen this number of generations take about as long."""
    schedule, chance = Schedule(), random.Random(1)
    for _ in range(count):
        observation, age, end = schedule.follow(), 0.0, latency * chance.uniform(0.95, 1.05)
        assert observation is not None
        while age < end:
            observation.pending_at = age
            age += schedule.delay(age, jitter=0.5)
        schedule.learn(observation, age)
    return schedule


@pytest.mark.parametrize("latency", [4.0, 30.0])
def test_a_schedule_that_is_told_what_another_has_learned_polls_as_that_one_does(latency: float) -> None:
    told, teacher = Schedule(), taught(latency)
    told.recall(teacher.unshared)
    assert told.delay(0.0, jitter=0.5) == pytest.approx(teacher.delay(0.0, jitter=0.5), rel=0.25)
    assert told.delay(0.0, jitter=0.5) != pytest.approx(Schedule().delay(0.0, jitter=0.5), rel=0.25)


def test_a_schedule_passes_on_only_what_it_has_learned_itself() -> None:
    told = Schedule()
    told.recall(taught(10).unshared)
    assert not told.unshared


def test_what_cannot_be_read_is_passed_over() -> None:
    reply = [b"3 9", b"of a later version", b"x y", b"-1 4", b"\xff", b"7"]
    assert Coordinator(account()).learned_in(reply) == [(3, 9)]
    schedule = Schedule()
    schedule.recall([(9, 3), (0, 10**6)])
    assert schedule.delay(0.0, jitter=0.5) == Schedule().delay(0.0, jitter=0.5)
