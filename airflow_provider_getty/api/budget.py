"""The rate of requests of an account: one budget per account and process, for all its clients and event loops.

Getty does not publish its limit of requests per second, and counts all processes of an account together. With
``max_requests_per_second`` a process keeps below a share of its own; without it, and whenever Getty answers 429,
:class:`.pace.Pace` finds the share by itself: no two processes have to know of each other. With a coordinator
they stand in one :class:`.line.Line`.
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

# Calls that may go before a waiting poll.
_CALLS_PER_POLL = 4


class RequestBudget:
    """Who of a process may send next: safe to use from several threads and event loops at once.

    Calls (token, upload, submission, download) go before polls, about in the order in which they came, but every
    few calls it is the turn of a poll. Nothing is promised in advance: a caller that has to wait asks again.

    With a line, a request takes a slot of it; while its coordinator is away, this process adapts by itself.

    :param limit: as of :class:`.pace.Pace`.
    :param line: the line of all processes of the account.
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
        # Those whose turn it is next first, and until when they wait for it.
        self._pollers: dict[int, float] = {}

    @property
    def rate(self) -> float:
        """Requests per second, at the moment; with a line, of all processes together."""
        return self._line.rate if self._line and self.is_coordinated else self._pace.rate

    @property
    def is_coordinated(self) -> bool:
        """Whether this process takes its slots from the line, as far as known."""
        return self._line is not None and self._line.is_up

    def queue(self) -> int:
        """Stand in line for a call; the number is to be given back to :meth:`leave`."""
        with self._lock:
            number = next(self._numbers)
            self._waiting.append(number)
            return number

    def leave(self, number: int) -> None:
        """No longer stand in line: the call is sent, or given up."""
        with self._lock:
            del self._waiting[bisect_left(self._waiting, number)]

    def take_call(self, number: int) -> float | Booking:
        """0, and the call must be sent now; or the seconds after which to ask again, or what to book before."""
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

    def take_poll(self, poller: int, due: int = 1) -> float | Booking:
        """0, and the poll must be sent now; or the seconds after which to ask again, or what to book before.

        :param poller: tells those who ask apart: they take turns.
        :param due: how many polls are due.
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
        """Take note of what came of a booking.

        :param outcome: Redis' reply, or the error; None: it was given up.
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
        """Whose turn it is among the pollers, but for those that did not come back in time."""
        for poller in [poller for poller, until in self._pollers.items() if until < now]:
            del self._pollers[poller]
        return next(iter(self._pollers), None)

    def sent_late(self, by: float) -> None:
        """Correct the time of a request that left ``by`` seconds late, for example over a new connection."""
        with self._lock:
            self._pace.sent_late(self._monotonic(), by)

    def answered(self, answer: Answer, after: float) -> Command | None:
        """Slow down if an answer says so, or return what tells it to all processes.

        Too many pending generations, or downloads in a day, are no reason to poll slower.

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
    """The budget of this account in this process: the same one for all its clients.

    It is kept for the life of the process, so that what one client sent counts for the next.
    """
    limit = account.max_requests_per_second
    key = (account.base_url, account.api_key, limit, account.coordinator)
    with _budgets_lock:
        if key not in _budgets:
            line = Line(Coordinator(account)) if account.coordinator else None
            _budgets[key] = RequestBudget(limit, line=line)
        return _budgets[key]
