"""How many generations of an account are pending, as its processes tell each other through a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.coordinator import Command, Coordinator
from airflow_provider_getty.api.errors import ConcurrentGenerationsError
from airflow_provider_getty.api.redis_link import Link
from airflow_provider_getty.api.virtual_clock import VirtualClock
from dev.redis_server import RedisServer
from tests.support.both_clients import Connect
from tests.support.client_requests import generate
from tests.support.running_redis import running_redis
from tests.support.scripted_getty import account


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """An empty Redis."""
    with running_redis() as server:
        yield server


class Process:
    """A process of the account, and its commands."""

    def __init__(self, url: str) -> None:
        self.link = Link(url)
        self.coordinator = Coordinator(account(coordinator=url))

    def do(self, *commands: Command) -> Any:
        """Run them; return the last reply."""
        return [self.link.run(command) for command in commands][-1]

    def reserves(self, name: str = "ours") -> bool:
        """Whether a slot is free."""
        return bool(self.do(self.coordinator.reserve(name)))


@pytest.fixture
def process(redis: RedisServer) -> Iterator[Process]:
    process = Process(redis.url)
    yield process
    process.link.close()


def began(process: Process, *names: str) -> None:
    process.do(*(process.coordinator.began(name) for name in names))


def test_a_slot_is_free_when_fewer_are_pending_than_when_getty_refused(process: Process) -> None:
    began(process, "a", "b", "c")
    assert not process.reserves(), "nothing is known of the limit"
    process.do(process.coordinator.full())
    assert not process.reserves()
    process.do(process.coordinator.finished("b"), process.coordinator.finished("b"))
    assert process.reserves("one")
    assert not process.reserves("another"), "the slot is reserved"


def test_a_reservation_is_used_by_a_submission_whether_getty_takes_it_or_not(process: Process) -> None:
    began(process, "a", "b", "c")
    process.do(process.coordinator.full(), process.coordinator.finished("b"))
    assert process.reserves()
    process.do(process.coordinator.began("d"), process.coordinator.finished("a"))
    assert process.reserves()
    process.do(process.coordinator.full(), process.coordinator.finished("c"))
    assert process.reserves()


def test_a_reservation_that_nobody_uses_and_a_generation_that_nobody_collects_are_given_up(
    process: Process, getty_clock: VirtualClock
) -> None:
    began(process, "a", "b")
    process.do(process.coordinator.full(), process.coordinator.finished("a"))
    assert process.reserves()
    getty_clock.advance(29)
    assert not process.reserves()
    getty_clock.advance(2)
    assert process.reserves()
    getty_clock.advance(900)
    assert process.reserves()


def test_the_limit_rises_with_what_getty_takes(process: Process) -> None:
    began(process, "a")
    process.do(process.coordinator.full())
    began(process, "b", "c")
    process.do(process.coordinator.finished("a"))
    assert process.reserves("one")
    assert not process.reserves("another")


def test_a_refusal_of_an_account_that_others_fill_leaves_one_slot_to_try(process: Process) -> None:
    process.do(process.coordinator.full())
    assert process.reserves()


def test_clients_count_what_they_submit_and_collect(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer, getty_clock: VirtualClock
) -> None:
    getty_emulator.fault("stay-pending", "refine", times=None)
    submitter, collector = (connect(getty_emulator, coordinator=redis.url) for _ in range(2))
    counting = Process(redis.url)
    counting.coordinator = Coordinator(submitter.account)
    polls = [generate(submitter) for _ in range(2)]
    getty_emulator.fault("concurrent-generations", "refine", voice="service")
    with pytest.raises(ConcurrentGenerationsError):
        generate(submitter)
    assert not counting.reserves()
    getty_emulator.fault("finish-at-once", "get-generation")
    collector.wait_for(polls[0], deadline=getty_clock.now() + 600)
    assert counting.reserves("one")
    assert not counting.reserves("another")
    counting.link.close()
