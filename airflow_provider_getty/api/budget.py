"""The request budget of an account: one per account and process, for all clients and event loops.

Getty does not publish its limit of requests per second, and counts all processes of an account together. With
``max_requests_per_second``, a process stays below its own share; without it, and whenever Getty answers 429,
:class:`.pace.Pace` finds the share, so that processes need not know of each other. With a coordinator, they wait in
one :class:`.line.Line`.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable
from http import HTTPStatus
from itertools import count

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.coordinator import Command, Coordinator, CoordinatorError
from airflow_provider_getty.api.errors import ConcurrentGenerationsError, DailyLimitError, RateLimitError
from airflow_provider_getty.api.line import Booking, Line
from airflow_provider_getty.api.memory import remembered
from airflow_provider_getty.api.pace import CATCH_UP, Pace

# The most calls before a waiting poll.
_CALLS_PER_POLL = 4


class RequestBudget:
    """Decides which request of a process is sent next. Safe for several threads and event loops.

    Calls (token, upload, submission, download) precede polls, roughly in the order of their arrival, but after every
    few calls a poll has its turn. Nothing is promised in advance: a caller that has to wait asks again.

    With a line, each request takes a send slot of it; while the coordinator is unavailable, this process adapts by
    itself.

    :param limit: see :class:`.pace.Pace`.
    :param line: the line that all processes of the account share; None: there is no coordinator.
    :param monotonic: a clock, in seconds.
    """

    def __init__(
        self,
        limit: float | None,
        *,
        line: Line | None = None,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._pace = Pace(limit, is_shared=line is not None)
        self._line = line
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: list[int] = []
        self._calls_since_poll = 0
        # The pollers in the order of their turns, and until when each may take its turn.
        self._pollers: dict[int, float] = {}

    @property
    def rate(self) -> float:
        """The present rate, in requests per second; with a line, of all processes together."""
        return self._line.rate if self._line and self.is_coordinated else self._pace.rate

    @property
    def is_coordinated(self) -> bool:
        """Whether this process takes its send slots from the line."""
        return self._line is not None and self._line.is_up

    def queue(self) -> int:
        """Queue a call, and return its number; pass that to :meth:`leave` in the end."""
        with self._lock:
            number = next(self._numbers)
            self._waiting.append(number)
            return number

    def leave(self, number: int) -> None:
        """Leave the queue: the call is sent, or given up."""
        with self._lock:
            del self._waiting[bisect_left(self._waiting, number)]

    def take_call(self, number: int) -> float | Booking:
        """0 if the call must be sent now; the seconds after which to ask again; or a booking to make first."""
        with self._lock:
            now = self._monotonic()
            if self._line and (booking := self._line.retry(now)):
                return booking
            if self._line and self._line.is_up:
                position = bisect_left(self._waiting, number)
                is_polled_before = self._next_poller(now) is not None and position >= self._calls_before_poll
                taken = self._line.take(position + is_polled_before, len(self._waiting), now)
                self._calls_since_poll += taken == 0
                return taken
            apart = 1 / self._pace.rate
            delay = self._pace.delay(now)
            if delay:
                return delay + bisect_left(self._waiting, number) * apart
            if self._calls_since_poll >= _CALLS_PER_POLL and self._next_poller(now) is not None:
                return apart
            self._pace.send(now)
            self._calls_since_poll += 1
            return 0.0

    def take_poll(self, poller: int, due: int) -> float | Booking:
        """0 if the poll must be sent now; the seconds after which to ask again; or a booking to make first.

        :param poller: identifies the poller; pollers take turns.
        :param due: how many of its polls are due.
        """
        with self._lock:
            now = self._monotonic()
            if self._line and (booking := self._line.retry(now)):
                return booking
            if self._line and self._line.is_up:
                position = min(self._calls_before_poll, len(self._waiting))
                taken = self._line.take(position, len(self._waiting) + due, now)
                if taken == 0:
                    self._pollers.pop(poller, None)
                    self._calls_since_poll = 0
                elif not isinstance(taken, Booking):
                    self._pollers[poller] = now + taken + CATCH_UP
                return taken
            apart = 1 / self._pace.rate
            delay = self._pace.delay(now)
            if not delay and (
                (self._waiting and self._calls_since_poll < _CALLS_PER_POLL)
                or self._next_poller(now) not in (poller, None)
            ):
                delay = apart
            if delay:
                self._pollers[poller] = now + delay + CATCH_UP
                return delay
            self._pollers.pop(poller, None)
            self._pace.send(now)
            self._calls_since_poll = 0
            return 0.0

    @property
    def _calls_before_poll(self) -> int:
        return max(0, _CALLS_PER_POLL - self._calls_since_poll)

    def booked(self, booking: Booking, outcome: object) -> None:
        """Receive the outcome of a booking.

        :param outcome: the reply of Redis, or a :class:`.coordinator.CoordinatorError`; None: it was canceled.
        """
        with self._lock:
            if self._line:
                self._line.booked(booking, outcome, self._monotonic())

    def lost(self, error: CoordinatorError) -> None:
        """Continue without the coordinator for a while."""
        with self._lock:
            if self._line:
                self._line.lost(error, self._monotonic())

    def _next_poller(self, now: float) -> int | None:
        """The poller whose turn it is; those that did not return in time lose theirs."""
        for poller in [poller for poller, until in self._pollers.items() if until < now]:
            del self._pollers[poller]
        return next(iter(self._pollers), None)

    def sent_late(self, by: float) -> None:
        """Correct the time of a request that left ``by`` seconds late, for example because it opened a connection."""
        with self._lock:
            self._pace.sent_late(self._monotonic(), by)

    def answered(self, answer: Answer, after: float) -> Command | None:
        """Slow down after a 429, or return the command that reports it to all processes.

        Too many pending generations, or downloads in a day, do not slow down polls.

        :param after: seconds from the request to its answer.
        """
        if answer.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.FORBIDDEN):
            return None
        error = answer.error()
        if not isinstance(error, RateLimitError) or isinstance(
            error, ConcurrentGenerationsError | DailyLimitError
        ):
            return None
        with self._lock:
            now = self._monotonic()
            if self._line and self._line.is_up:
                return self._line.refused(now - after)
            self._pace.refuse(now - after, now)
            return None


_budgets: dict[tuple[str, str, float | None, str | None], RequestBudget] = remembered({})
_budgets_lock = threading.Lock()


def budget_of(account: Account) -> RequestBudget:
    """The budget of this account in this process, the same for all its clients.

    It lives as long as the process, so that the requests of one client count for the next.
    """
    limit = account.max_requests_per_second
    key = (account.base_url, account.api_key, limit, account.coordinator)
    with _budgets_lock:
        if key not in _budgets:
            line = Line(Coordinator(account)) if account.coordinator else None
            _budgets[key] = RequestBudget(limit, line=line)
        return _budgets[key]
