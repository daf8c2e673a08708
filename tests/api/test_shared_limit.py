"""Several processes on one account: simulated with the real poller and budget, on a clock that takes no real time."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.budget import RequestBudget
from airflow_provider_getty.api.coordinator import Coordinator
from airflow_provider_getty.api.line import Booking, Line
from airflow_provider_getty.api.observing import Unobserved
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.poller import Poller, Waiting
from airflow_provider_getty.api.polling import Polling
from airflow_provider_getty.api.redis_link import Link
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.api.virtual_clock import VirtualClock
from tests.support.running_redis import running_redis
from tests.support.scripted_getty import account

LIMIT = 10
WARM_UP, END = 50.0, 120.0
TRIP = 0.05  # seconds, each way
START = 1_767_225_600.0  # what happens in which second is the same in each run


@dataclass
class Server:
    """Takes LIMIT requests in any one second, and refuses the others as Getty does."""

    started: float = field(default_factory=clock.monotonic)
    taken: deque[float] = field(default_factory=deque)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return clock.monotonic() - self.started

    def takes(self, sender: str) -> bool:
        now = clock.monotonic()
        while self.taken and self.taken[0] <= now - 1:
            self.taken.popleft()
        is_taken = len(self.taken) < LIMIT
        if is_taken:
            self.taken.append(now)
        if WARM_UP <= self.age < END:
            (self.accepted if is_taken else self.refused)[sender] += 1
        return is_taken


@dataclass
class Triggerer:
    """A process that always waits for the same number of generations."""

    name: str
    server: Server
    latency: random.Random
    redis: str = ""
    polls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lateness: list[float] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)

    async def run(self, count: int) -> None:
        self.budget, self.link = process(self.redis)
        self.poller = Poller(self.look, budget=self.budget, book=self.book, observer=Unobserved(), workers=20)
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self.keep_waiting(number))
        await self.poller.close()

    async def book(self, booking: Booking) -> None:
        assert self.link
        self.budget.booked(booking, self.link.run(booking.command))

    async def look(self, waiting: Waiting) -> Pending | Generation:
        generation = waiting.operation.generation_request_id  # type: ignore[attr-defined]
        self.polls[generation].append(clock.monotonic())
        sent = clock.monotonic()
        await clock.pause(TRIP)
        is_taken = self.server.takes(self.name)
        is_finished = clock.now() >= self.ends[generation]
        await clock.pause(TRIP)
        if not is_taken:
            answer = Answer(429, {"x-error-detail": "Account Over Queries Per Second Limit"})
            if (report := self.budget.answered(answer, clock.monotonic() - sent)) and self.link:
                self.link.run(report)
            raise answer.error()
        if not is_finished:
            return Pending(generation_request_id=generation)
        return Generation.model_validate({"generation_request_id": generation, "results": [{"index": 0}]})

    async def keep_waiting(self, number: int) -> None:
        await clock.pause(self.latency.uniform(0, 20))
        for turn in range(1000):
            if self.server.age > END:
                return
            generation = f"{self.name}-{number}-{turn}"
            now = clock.now()
            # 10 to 150 s, half of them under 40 s.
            self.ends[generation] = now + min(max(self.latency.lognormvariate(math.log(40), 0.6), 10), 150)
            polling = Polling(generation, submitted=now, deadline=now + 3600)
            poll = GetGeneration(generation_request_id=generation)
            await self.poller.wait_for(poll, polling, first_poll_in=5.0)
            if self.server.age > WARM_UP:
                self.lateness.append(clock.now() - self.ends[generation])


def process(redis: str) -> tuple[RequestBudget, Link | None]:
    """The state of a new process."""
    if not redis:
        return RequestBudget(None), None
    return RequestBudget(None, line=Line(Coordinator(account(coordinator=redis)))), Link(redis)


async def worker(name: str, server: Server, redis: str, chance: random.Random) -> None:
    """Tasks one after the other, each in a process of its own with two requests."""
    await clock.pause(chance.uniform(0, 2))
    while server.age < END:
        budget, link = process(redis)
        for _ in range(2):
            place = budget.queue()
            while wait := budget.take_call(place):
                if isinstance(wait, Booking):
                    assert link
                    budget.booked(wait, link.run(wait.command))
                else:
                    await clock.pause(wait)
            budget.leave(place)
            await clock.pause(TRIP)
            server.takes(name)
            await clock.pause(TRIP)
        if link:
            link.close()
        await clock.pause(chance.uniform(0.5, 3.0))  # until the next task has a process


async def workers(server: Server, per_second: float, chance: random.Random) -> None:
    """Requests of processes that know nothing of the others and come at random."""
    while server.age < END:
        await clock.pause(chance.expovariate(per_second))
        server.takes("workers")


async def test_two_triggerers_among_workers_use_the_limit_and_leave_nobody_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("ERROR", "airflow_provider_getty")
    random.seed(1)
    chance = random.Random(1)
    with clock.replaced_by(VirtualClock(start=START)):
        server = Server()
        triggerers = [Triggerer(name, server, random.Random(10 + k)) for k, name in enumerate("ab")]
        async with asyncio.TaskGroup() as group:
            for triggerer in triggerers:
                group.create_task(triggerer.run(80))
            group.create_task(workers(server, 2.0, chance))
    per_second = {name: count / (END - WARM_UP) for name, count in server.accepted.items()}
    refused = sum(server.refused[name] for name in "ab")
    gaps = [b - a for each in triggerers for polls in each.polls.values() for a, b in pairwise(polls)]
    lateness = sorted(late for each in triggerers for late in each.lateness)
    assert sum(per_second.values()) > 0.65 * LIMIT
    assert refused < 0.05 * sum(server.accepted[name] for name in "ab")
    # With 160 waiting and about 6 polls per second, it is everybody's turn about every 27 s.
    assert max(gaps) < 70
    assert lateness[len(lateness) // 2] < 20
    assert max(per_second["a"], per_second["b"]) < 2 * min(per_second["a"], per_second["b"])


async def test_with_a_coordinator_triggerers_and_fresh_processes_use_all_of_the_limit_and_share_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("ERROR", "airflow_provider_getty")
    random.seed(1)
    with running_redis() as redis, clock.replaced_by(VirtualClock(start=START)):
        server = Server()
        triggerers = [
            Triggerer(name, server, random.Random(10 + k), redis.url) for k, name in enumerate("ab")
        ]
        async with asyncio.TaskGroup() as group:
            for triggerer in triggerers:
                group.create_task(triggerer.run(80))
            for number in range(8):
                group.create_task(worker(f"worker {number}", server, redis.url, random.Random(number)))
    accepted, refused = server.accepted.total(), server.refused.total()
    assert accepted > 0.93 * LIMIT * (END - WARM_UP), accepted
    assert refused <= 0.01 * (accepted + refused)
    assert max(server.accepted["a"], server.accepted["b"]) < 1.2 * min(
        server.accepted["a"], server.accepted["b"]
    )
    of_workers = [server.accepted[f"worker {number}"] for number in range(8)]
    assert max(of_workers) <= 1.3 * min(of_workers)
