"""The line of an account: simulated processes take slots of a real Redis, in virtual time."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any

import pytest

from airflow_provider_getty.api.budget import RequestBudget
from airflow_provider_getty.api.coordinator import Coordinator
from airflow_provider_getty.api.line import Booking, Line
from airflow_provider_getty.api.redis_link import Link
from airflow_provider_getty.api.virtual_clock import VirtualClock
from tests.support.running_redis import running_redis
from tests.support.scripted_getty import account, answer

OVER_QPS = answer(
    429, {"message": "Too Many Requests"}, x_error_detail="Account Over Queries Per Second Limit"
)
STEADY = 30.0
"""Seconds after which the limit has been found."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A Redis for all tests; each has an account of its own."""
    with running_redis() as server:
        yield server.url


@dataclass
class Shared:
    """Processes that always have something to send, and a server that counts over a sliding second.

    :param limit: of the server, by the time.
    :param told: the limit that the processes are told.
    :param late: the mean of the seconds by which a process wakes up late.
    """

    clock: VirtualClock
    url: str
    limit: Callable[[float], float]
    processes: int
    told: float | None = None
    late: float = 0.002
    seed: int = 1
    accepted: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    rates: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Simulate."""
        self._chance, self._numbers, self._window = random.Random(self.seed), count(), deque[float]()
        whose = account(
            api_key=f"key-{next(_accounts)}", coordinator=self.url, max_requests_per_second=self.told
        )
        self._link = Link(self.url)
        self._budgets = [
            RequestBudget(self.told, line=Line(Coordinator(whose)), monotonic=self.clock.monotonic)
            for _ in range(self.processes)
        ]
        self._places = [budget.queue() for budget in self._budgets]
        self._events: list[tuple[float, int, Callable[[int, float], None], int, float]] = []
        self._began = self.clock.elapsed
        for process in range(self.processes):
            self._later(self._chance.random(), self._send, process)
        while self._events and self._events[0][0] < self._began + seconds:
            at, _, act, process, sent = heappop(self._events)
            self.clock.advance(max(0.0, at - self.clock.elapsed))
            act(process, sent)
        self._link.close()

    def _later(
        self, delay: float, act: Callable[[int, float], None], process: int, sent: float = 0.0
    ) -> None:
        heappush(self._events, (self.clock.elapsed + delay, next(self._numbers), act, process, sent))

    def _send(self, process: int, _: float) -> None:
        budget, place = self._budgets[process], self._places[process]
        wait = budget.take_call(place)
        while isinstance(wait, Booking):
            budget.booked(wait, self._link.run(wait.command))
            wait = budget.take_call(place)
        if not wait:
            self._later(self._chance.uniform(0.01, 0.03), self._arrive, process, self.clock.elapsed)
        self._later((wait or 0.001) + self._chance.expovariate(1 / self.late), self._send, process)

    def _arrive(self, process: int, sent: float) -> None:
        now = self.clock.elapsed - self._began
        while self._window and self._window[0] <= now - 1:
            self._window.popleft()
        is_taken = len(self._window) < self.limit(now)
        if is_taken:
            self._window.append(now)
        else:
            self._later(self._chance.uniform(0.01, 0.03), self._hear, process, sent)
        if now > STEADY:
            self.accepted[process] += is_taken
            self.refused += not is_taken
            self.rates.append(self._budgets[process].rate)

    def _hear(self, process: int, sent: float) -> None:
        if report := self._budgets[process].answered(OVER_QPS, self.clock.elapsed - sent):
            self._link.run(report)

    def used(self, seconds: float) -> float:
        """The share of the limit that was used, from STEADY on."""
        return self.accepted.total() / (seconds - STEADY) / self.limit(seconds)

    @property
    def refused_share(self) -> float:
        """The share of the requests that was refused, from STEADY on."""
        return self.refused / (self.refused + self.accepted.total())


_accounts = count()


@pytest.fixture
def shared(getty_clock: VirtualClock, url: str) -> Any:
    """Make a simulation."""
    return lambda limit, processes, **how: Shared(
        getty_clock, url, limit if callable(limit) else lambda _: limit, processes, **how
    )


@pytest.mark.parametrize(
    ("limit", "processes", "told", "seconds"), [(10, 10, 10, 70), (10, 10, None, 130), (50, 8, None, 60)]
)
def test_all_processes_together_use_the_limit_and_share_it_evenly(
    shared: Any, limit: int, processes: int, told: int | None, seconds: int
) -> None:
    world = shared(limit, processes, told=told)
    world.run(seconds)
    assert world.used(seconds) > 0.93
    assert world.refused_share <= (0.001 if told else 0.005)
    assert max(world.accepted.values()) <= 1.2 * min(world.accepted.values())
    assert 0.8 * limit < min(world.rates) <= max(world.rates) < 1.1 * limit


def test_a_limit_that_was_lowered_is_found_again(shared: Any) -> None:
    world = shared(lambda now: 20 if now < 30 else 6, 4)
    world.run(100)
    assert world.used(100) > 0.85
    assert world.rates[-1] == pytest.approx(6, rel=0.2)


def test_a_limit_that_was_raised_is_found_again(shared: Any) -> None:
    world = shared(lambda now: 3 if now < 40 else 12, 2)
    world.run(240)
    assert world.rates[-1] > 9


def test_after_getty_took_nothing_for_half_a_minute_the_rate_is_soon_what_it_was(shared: Any) -> None:
    world = shared(lambda now: 0 if 30 <= now < 60 else 10, 4)
    world.run(110)
    assert world.refused < 120
    assert world.rates[-1] > 8


def test_processes_that_wake_up_late_get_on(shared: Any) -> None:
    world = shared(10, 4, told=10, late=0.05)
    world.run(60)
    assert world.used(60) > 0.7
    assert world.refused_share < 0.03
