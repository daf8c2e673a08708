"""When to ask next, how fast one may send, and when to give up.

Nothing here does I/O: the time, in seconds, is an argument, or comes from the caller's clock. What counts
against a deadline is wall-clock time, which is the same in a worker and in a triggerer.
"""

from __future__ import annotations

import logging
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tenacity

from airflow_provider_getty.api.errors import (
    ConflictError,
    Credit,
    DeadlineExceededError,
    GettyError,
    RateLimitError,
)
from airflow_provider_getty.api.results import StillPending

# Getty says that a generation is pending for up to 60 s; most take far less. Polling at a fixed share of the
# age costs few requests, and the result is known late by at most that share.
_SHARE_OF_AGE = 0.2
_SHORTEST_DELAY = 1.0
_LONGEST_DELAY = 15.0
_JITTER = 0.1

_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 60.0


def poll_delay(age: float, *, jitter: float) -> float:
    """Seconds until the next look at a pending generation.

    :param age: seconds since the generation was submitted.
    :param jitter: a random number from 0 to 1, so that what was submitted together is not polled together.
    """
    delay = min(max(age * _SHARE_OF_AGE, _SHORTEST_DELAY), _LONGEST_DELAY)
    return delay * (1 + _JITTER * (2 * jitter - 1))


def backoff(error: GettyError, failures: int, *, jitter: float) -> float:
    """Seconds until the same call is made again.

    :param error: what it failed with last.
    :param failures: how many times in a row it has failed, from 1.
    :param jitter: a random number from 0 to 1.
    """
    # Getty advises to wait 1 s after a 429 and names no time in the answer; a conflict is over as quickly.
    growth = 1.5 if isinstance(error, RateLimitError | ConflictError) else 2.0
    longest = min(_FIRST_BACKOFF * growth ** min(failures - 1, 32), _LONGEST_BACKOFF)
    return longest * (0.5 + 0.5 * jitter)


@dataclass
class Polling:
    """The wait for a generation or a download: told what each poll brought, it says when to poll next.

    Trouble that may pass (429, 409, 5xx, a broken connection) only makes the next poll come later.

    :param asked: what is waited for, for the error at the deadline.
    :param submitted: when it was submitted, or at least known to be pending.
    :param deadline: when to give up.
    :param interval: a fixed number of seconds between polls; None: by the age of the generation.
    """

    asked: str
    submitted: float
    deadline: float
    interval: float | None = None
    _failures: int = field(default=0, init=False)

    def after(self, outcome: StillPending | GettyError, *, now: float, jitter: float) -> float:
        """Say how many seconds to wait until the next poll.

        :param outcome: what the last poll brought.
        :raises GettyError: the outcome itself, if it is final.
        :raises DeadlineExceededError: the time is over.
        """
        match outcome:
            case StillPending():
                self._failures = 0
                delay = self.interval or poll_delay(now - self.submitted, jitter=jitter)
            case GettyError(worth_waiting=False):
                raise outcome
            case GettyError():
                self._failures += 1
                delay = backoff(outcome, self._failures, jitter=jitter)
        if now >= self.deadline:
            raise self.too_late(outcome, now=now)
        # The last poll is made at the deadline itself: what is finished by then is not given up.
        return min(delay, self.deadline - now)

    def too_late(self, outcome: StillPending | GettyError, *, now: float) -> DeadlineExceededError:
        """The error of a generation that is not finished at its deadline."""
        waited = f"not finished after {now - self.submitted:.0f} s"
        last = f"; the last answer was: {outcome.problem}" if isinstance(outcome, GettyError) else ""
        return DeadlineExceededError(
            f"{waited}{last}.",
            asked=self.asked,
            credit=Credit.COMMITTED,
        )


class RequestBudget:
    """At most so many requests in any one second (below one per second: one in any 1 / rate seconds).

    :param per_second: the limit; None: no limit.
    """

    def __init__(self, per_second: float | None) -> None:
        self._count = max(1, math.floor(per_second)) if per_second else 0
        self._window = max(1.0, self._count / per_second) if per_second else 0.0
        self._sent: deque[float] = deque(maxlen=self._count)

    def reserve(self, now: float) -> float:
        """Take the next free place, and return how many seconds to wait for it."""
        if not self._count:
            return 0.0
        at = max(now, self._sent[-1] if self._sent else now)
        if len(self._sent) == self._count:
            at = max(at, self._sent[0] + self._window)
        self._sent.append(at)
        return at - now


def patience(deadline: float | None, *, clock: Callable[[], float], log: logging.Logger) -> dict[str, Any]:
    """Arguments of ``tenacity.Retrying`` or ``AsyncRetrying`` that wait trouble out until the deadline.

    :param deadline: by the clock; None: do not wait at all.
    :param log: told about each wait.
    """

    def remaining() -> float:
        return 0.0 if deadline is None else deadline - clock()

    def failure(state: tenacity.RetryCallState) -> GettyError:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, GettyError):
            raise TypeError("Only a GettyError is waited out.")
        return error

    def wait(state: tenacity.RetryCallState) -> float:
        delay = backoff(failure(state), state.attempt_number, jitter=random.random())  # noqa: S311
        return max(0.0, min(delay, remaining()))

    return {
        "retry": tenacity.retry_if_exception(lambda e: isinstance(e, GettyError) and e.worth_waiting),
        "wait": wait,
        "stop": lambda _: remaining() <= 0,
        "before_sleep": lambda s: log.warning("%s Tried again in %.1f s.", failure(s), s.upcoming_sleep),
        "reraise": True,
    }
