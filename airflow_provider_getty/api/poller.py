"""The poller: waits for thousands of generations with a heap of due times and a few workers.

What is waited for is a future and an entry in the heap; it has no task and no timer for its polls. A worker takes
what is due longest, as soon as the account's budget lets it, and asks Getty; what comes of that is for this one
alone. The workers end when there is nothing left to wait for.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from typing import Any

from airflow_provider_getty.api import bodies, clock, errors
from airflow_provider_getty.api.budget import RequestBudget
from airflow_provider_getty.api.line import Booking
from airflow_provider_getty.api.observing import Observer
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.polling import Polling
from airflow_provider_getty.api.results import StillPending
from airflow_provider_getty.api.schedule import Schedule, Schedules

log = logging.getLogger(__name__)

_OBSERVED_EVERY = 1.0
# Polls under way at a time: 20, or one for 50 that are waited for. More would only mean more connections. Those that
# have been under way for a second do not count: what is slow keeps nobody waiting.
_FEW_WORKERS = 20
_WAITING_PER_WORKER = 50
_SLOW = 1.0
# When all workers are busy, a request gives way that takes five times as long as one usually does, at first a second.
# Half of the workers keep what is slow: it may be answered in the end, and shows how long an answer takes now.
_TOO_SLOW = 5.0
_USUAL = 1.0
_SMOOTHING = 0.1


class Waiting:
    """One thing that is waited for.

    :param operation: the poll.
    :param polling: says when to poll, and when to give up.
    """

    __slots__ = ("context", "expiry", "future", "operation", "poll", "polling")

    def __init__(self, operation: Operation[Any], polling: Polling) -> None:
        self.operation = operation
        self.polling = polling
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()  # Airflow finds a trigger's log by it
        self.expiry: clock.Timer | None = None
        self.poll: Any = None
        """How the client polls, once it knows."""

    def say(self, message: str, *arguments: object) -> None:
        """Log for those who watch this one."""
        self.context.run(log.warning, message, *arguments)


async def _never(booking: Booking) -> None:
    raise RuntimeError(f"There is nobody for {booking}.")


class Poller:
    """Waits for what is pending, within one event loop.

    :param look: polls once, each request within :meth:`asking`; the budget already counts the first one.
    :param book: has the budget's booking done.
    :param workers: how many polls may be under way at a time at most.
    :param schedules: by kind, with what was learned before.
    """

    def __init__(
        self,
        look: Callable[[Waiting], Awaitable[Any]],
        *,
        budget: RequestBudget,
        book: Callable[[Booking], Awaitable[None]] = _never,
        observer: Observer,
        workers: int,
        schedules: Schedules | None = None,
    ) -> None:
        self._look = look
        self._budget = budget
        self._book = book
        self._observer = observer
        self._most_workers = workers
        self._workers: set[asyncio.Task[None]] = set()
        self._requests: dict[Waiting, tuple[float, asyncio.Timeout]] = {}
        self._slow = 0
        self._usual = _USUAL
        self._relief: clock.Timer | None = None
        self._idle = 0
        self._at_the_heap = asyncio.Lock()
        self._alarm: asyncio.Future[None] | None = None
        self._waiting: set[Waiting] = set()
        self._heap: list[tuple[float, int, Waiting]] = []
        self._numbers = count()
        self._schedules = Schedules() if schedules is None else schedules
        self._observed = -math.inf

    def schedule(self, kind: str) -> Schedule:
        """The schedule of all that is of this kind."""
        return self._schedules[kind]

    async def wait_for(self, operation: Operation[Any], polling: Polling, *, first_poll_in: float) -> Any:
        """Poll until there is a result.

        :param first_poll_in: seconds in which nothing is polled; 0: poll at once, whatever the schedule says.
        :raises GettyError: there never will be one, or not in time.
        """
        waiting = Waiting(operation, polling)
        self._waiting.add(waiting)
        try:
            delay = polling.first(first_poll_in, now=clock.now(), jitter=random.random())  # noqa: S311
            self._expire_after(waiting, polling.deadline - clock.now())
            self._push(waiting, delay)
            return await waiting.future
        finally:
            self._leave(waiting)

    async def close(self) -> None:
        """Stop: who still waits is cancelled."""
        for waiting in self._waiting:
            waiting.future.cancel()
        if self._relief is not None:
            self._relief.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    # What is due

    def _push(self, waiting: Waiting, delay: float) -> None:
        due = clock.monotonic() + delay
        heappush(self._heap, (due, next(self._numbers), waiting))
        if self._heap[0][2] is waiting:
            self._wake()
        if not self._workers:
            self._hire()

    def _leave(self, waiting: Waiting) -> None:
        if not waiting.future.cancel() and not waiting.future.cancelled():
            waiting.future.exception()  # or asyncio would miss somebody who looks at it
        self._waiting.discard(waiting)
        if waiting.expiry is not None:
            waiting.expiry.cancel()
        if len(self._heap) > 2 * len(self._waiting) + 100:
            self._heap = sorted(entry for entry in self._heap if not entry[2].future.done())
        if not self._waiting:
            self._heap.clear()
            self._observer.waiting(0, self._budget.rate)
            self._wake()

    def _wake(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    @property
    def _enough_workers(self) -> int:
        few = max(_FEW_WORKERS, len(self._waiting) // _WAITING_PER_WORKER)
        return min(self._most_workers, few + self._slow)

    def _hire(self) -> None:
        # In no trigger's context: what a worker logs, such as the token's renewal, is about all of them.
        worker = asyncio.get_running_loop().create_task(self._work(), context=contextvars.Context())
        self._workers.add(worker)

    async def _work(self) -> None:
        try:
            while (waiting := await self._stand_by()) is not None:
                self._relieve()
                await self._poll(waiting)
                if self._idle and len(self._workers) > self._enough_workers:
                    return
        finally:
            self._workers.discard(asyncio.current_task())

    def _relieve(self) -> None:
        """Have somebody watch the heap while all others poll."""
        if self._idle:
            return
        if len(self._workers) < self._enough_workers:
            self._hire()
        elif self._relief is None:
            self._relief = clock.call_later(_SLOW, self._count_the_slow)

    def _count_the_slow(self) -> None:
        self._relief = None
        since = clock.monotonic() - _SLOW
        self._slow = sum(began <= since for began, _ in self._requests.values())
        if not self._waiting:
            return
        if not self._idle and len(self._workers) >= self._most_workers:
            self._make_way()
        self._relieve()
        if self._slow and self._relief is None:
            self._relief = clock.call_later(_SLOW, self._count_the_slow)

    def _make_way(self) -> None:
        """Have slow requests end for what is due: however many answers never come, they stop nobody else."""
        now = clock.monotonic()
        since = now - max(_SLOW, _TOO_SLOW * self._usual)
        due = sum(at <= now for at, _, _ in self._heap)
        stay = self._most_workers // 2
        # In the order in which they began.
        for waiting, (began, scope) in self._requests.items():
            if not due or began > since:
                return
            if stay and not waiting.future.done():
                stay -= 1
            elif not scope.expired():
                due -= 1
                scope.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def asking(self, waiting: Waiting) -> AsyncIterator[None]:
        """Make a request of a poll within the block, which ends early if it has to give way to others.

        :raises NoAnswerError: it has.
        """
        began, scope = clock.monotonic(), asyncio.timeout(None)
        self._requests[waiting] = began, scope
        try:
            async with scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
            raise errors.NoAnswerError(
                f"The answer was not there after {clock.monotonic() - began:.0f} s, and others were waiting.",
                advice="",
            ) from None
        else:
            self._usual += _SMOOTHING * (clock.monotonic() - began - self._usual)
        finally:
            del self._requests[waiting]

    async def _stand_by(self) -> Waiting | None:
        self._idle += 1
        try:
            async with self._at_the_heap:
                return await self._next()
        finally:
            self._idle -= 1

    async def _next(self) -> Waiting | None:
        """Return the wait to poll now; None: there is nothing left to wait for."""
        while self._waiting:
            while self._heap and self._heap[0][2].future.done():
                heappop(self._heap)
            pause = self._heap[0][0] - clock.monotonic() if self._heap else None
            if pause is not None and pause <= 0:
                wait = self._budget.take_poll(id(self), self._due())
                if isinstance(wait, Booking):
                    await self._book(wait)
                    continue
                if not wait:
                    due, _, waiting = heappop(self._heap)
                    self._took(clock.monotonic(), due)
                    return waiting
                pause = wait
            await self._rest(pause)
        return None

    def _due(self) -> int:
        """About how many polls are due, of the first few."""
        now = clock.monotonic()
        return sum(due <= now for due, _, _ in self._heap[:_FEW_WORKERS])

    async def _rest(self, pause: float | None) -> None:
        """Until the pause is over, or something else is due first."""
        self._alarm = asyncio.get_running_loop().create_future()
        timer = None if pause is None else clock.call_later(pause, self._wake)
        try:
            await self._alarm
        finally:
            self._alarm = None
            if timer is not None:
                timer.cancel()

    def _took(self, now: float, due: float) -> None:
        self._observer.polled(now - due)
        if now - self._observed >= _OBSERVED_EVERY:
            self._observer.waiting(len(self._waiting), self._budget.rate)
            self._observed = now

    # What comes of it

    async def _poll(self, waiting: Waiting) -> None:
        try:
            outcome = await self._look(waiting)
        except errors.GettyError as error:
            outcome = error
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a bug, or a signal such as Airflow's AirflowTaskTimeout
            _settle(waiting, error)
            return
        try:
            self._go_on(waiting, outcome)
        except Exception as error:  # noqa: BLE001 - likewise
            _settle(waiting, error)

    def _go_on(self, waiting: Waiting, outcome: Any) -> None:
        if waiting.future.done():
            return
        polling, now = waiting.polling, clock.now()
        if not isinstance(outcome, StillPending | errors.GettyError):
            polling.finished(now=now)
            waiting.future.set_result(outcome)
            return
        delay = polling.after(outcome, now=now, jitter=random.random())  # noqa: S311
        if polling.remark:
            waiting.say("%s", polling.remark)
        self._push(waiting, delay)

    def _expire_after(self, waiting: Waiting, seconds: float) -> None:
        within = max(0.0, seconds) + bodies.LAST_POLL_WITHIN
        waiting.expiry = clock.call_later(within, lambda: self._expire(waiting))

    def _expire(self, waiting: Waiting) -> None:
        _settle(waiting, waiting.polling.too_late(now=clock.now()))


def _settle(waiting: Waiting, error: BaseException) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(error)
