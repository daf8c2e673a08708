"""The retry rule: which failed calls are made again, after how many seconds, and until when."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import ConflictError, GettyError, RateLimitError

log = logging.getLogger(__name__)

StepT = TypeVar("StepT")
ResultT = TypeVar("ResultT")

_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 60.0


def backoff(error: GettyError, failures: int, *, jitter: float) -> float:
    """Return the seconds until a call is repeated.

    :param error: the last failure.
    :param failures: how many times in a row it has failed, from 1.
    :param jitter: a random number from 0 to 1.
    """
    # Getty advises waiting 1 s after a 429, and its answer names no time; a conflict is over as quickly.
    growth = 1.5 if isinstance(error, RateLimitError | ConflictError) else 2.0
    longest = min(_FIRST_BACKOFF * growth ** min(failures - 1, 32), _LONGEST_BACKOFF)
    return longest * (0.5 + 0.5 * jitter)


@dataclass(frozen=True, slots=True)
class Pause:
    """A step of a conversation: let some seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Patience:
    """How long temporary failures are retried.

    :param deadline: when the last attempt is made (Unix time). None: there is only one attempt.
    :param not_for: errors that are not retried.
    """

    deadline: float | None = None
    not_for: tuple[type[GettyError], ...] = ()

    def after(self, error: GettyError, failures: int, *, now: float, jitter: float) -> float | None:
        """Return the seconds until a call is repeated; None if it is not.

        :param failures: see :func:`backoff`, also for ``jitter``.
        """
        if not error.worth_waiting or isinstance(error, self.not_for):
            return None
        return self.until_next(error, failures, now=now, jitter=jitter)

    def until_next(self, error: GettyError, failures: int, *, now: float, jitter: float) -> float | None:
        """Return the seconds until the next step after an error; None after the deadline."""
        if self.deadline is None or now >= self.deadline:
            return None
        return min(backoff(error, failures, jitter=jitter), self.deadline - now)


def repeated(
    attempt: Callable[[], Generator[StepT, Any, ResultT]], patience: Patience
) -> Generator[StepT | Pause, Any, ResultT]:
    """Repeat a conversation as long as there is patience with its errors."""
    failures = 0
    while True:
        try:
            return (yield from attempt())
        except GettyError as error:
            failures += 1
            delay = patience.after(error, failures, now=clock.now(), jitter=random.random())  # noqa: S311
            if delay is None:
                raise
            log.warning("%s Next attempt in %.1f s.", error, delay)
        yield Pause(delay)
