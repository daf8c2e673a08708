"""Decides when to poll next, and when to give up. No I/O: the time is an argument.

All times are Unix times, which are the same in a worker and in a triggerer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_getty.api.errors import Credit, DeadlineExceededError, GettyError
from airflow_provider_getty.api.patience import backoff
from airflow_provider_getty.api.results import StillPending
from airflow_provider_getty.api.schedule import Observation, Schedule

CERTAIN_AFTER = 30.0
"""Seconds for which Getty must repeat a doubtful answer to a poll before it counts."""


@dataclass(slots=True)
class Polling:
    """The wait for a generation or a download: receives the outcome of each poll, and says when to poll next.

    A temporary failure (429, 409, 5xx, a broken connection) only delays the next poll. A refusal that may be a mistake
    of Getty's (401, 403, 404) counts once it is repeated: the generation is paid for, and asking again is free.

    :param asked: what is waited for, for messages.
    :param submitted: when it was submitted, or at least known to be pending.
    :param deadline: when to give up.
    :param interval: a fixed number of seconds between polls; None: by the schedule.
    :param schedule: the schedule of its kind, which learns from this wait.
    """

    asked: str
    submitted: float
    deadline: float
    interval: float | None = None
    schedule: Schedule = field(default_factory=Schedule)
    polls: int = field(default=0, init=False)
    remark: str | None = field(default=None, init=False)
    """A warning about the last poll, if any: the 1st, 2nd, 4th, 8th … failure has one."""
    _observation: Observation | None = field(init=False)
    _failures: int = field(default=0, init=False)
    _doubted_since: float | None = field(default=None, init=False)
    _total_failures: int = field(default=0, init=False)
    _remarked: bool = field(default=False, init=False)
    _last: StillPending | GettyError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._observation = self.schedule.follow()

    def first(self, not_before: float, *, now: float, jitter: float) -> float:
        """Say how many seconds to wait until the first poll.

        :param not_before: the fewest seconds, unless the deadline comes sooner; 0: poll at once.
        """
        if not not_before:
            return 0.0
        scheduled = 0.0 if self.interval else self._scheduled(now, jitter)
        return max(0.0, min(max(not_before, scheduled), self.deadline - now))

    def after(self, outcome: StillPending | GettyError, *, now: float, jitter: float) -> float:
        """Say how many seconds to wait until the next poll.

        :param outcome: the outcome of the last poll.
        :raises GettyError: the outcome itself, if it is final.
        :raises DeadlineExceededError: the deadline has passed.
        """
        self.polls += 1
        self._last = outcome
        match outcome:
            case StillPending():
                self._failures, self._doubted_since = 0, None
                if self._observation:
                    self._observation.pending_at = max(0.0, now - self.submitted)
                delay = self.interval or self._scheduled(now, jitter)
            case GettyError():
                if self._is_final(outcome, now):
                    raise outcome
                self._failures += 1
                self._total_failures += 1
                delay = backoff(outcome, self._failures, jitter=jitter)
        if now >= self.deadline:
            raise self.too_late(now=now)
        # The last poll is made at the deadline itself, so that a generation finished by then is not given up.
        delay = min(delay, self.deadline - now)
        if self._doubted_since is not None:
            delay = min(delay, self._doubted_since + CERTAIN_AFTER - now)
        self._remark(outcome, delay)
        return delay

    def _is_final(self, error: GettyError, now: float) -> bool:
        if not error.doubtful:
            self._doubted_since = None
            return not error.worth_waiting
        if self._doubted_since is None:
            self._doubted_since = now
        return now >= min(self._doubted_since + CERTAIN_AFTER, self.deadline)

    def finished(self, *, now: float) -> None:
        """End the wait: the last poll returned the result. The schedule learns from it."""
        self.polls += 1
        age = now - self.submitted
        if self._observation and age > self._observation.pending_at:
            self.schedule.learn(self._observation, age)

    def summary(self, *, now: float) -> str:
        """The log line of a finished wait."""
        polls = "1 poll" if self.polls == 1 else f"{self.polls} polls"
        return f"{self.asked}: finished after {now - self.submitted:.0f} s and {polls}."

    def announcement(self, *, now: float) -> str:
        """The log line of a wait that begins."""
        left = self.deadline - now
        if left <= 0:
            return f"{self.asked}: the deadline has passed; polling a last time."
        return f"{self.asked}: waiting for at most {left:.0f} s."

    def too_late(self, *, now: float) -> DeadlineExceededError:
        """The error for a generation that is not finished at its deadline."""
        waited = f"not finished after {now - self.submitted:.0f} s"
        last = (
            f"; the last answer was: {self._last.problem.rstrip('.')}"
            if isinstance(self._last, GettyError)
            else ""
        )
        return DeadlineExceededError(
            f"{waited}{last}.",
            asked=self.asked,
            credit=Credit.COMMITTED,
        )

    def _scheduled(self, now: float, jitter: float) -> float:
        return self.schedule.delay(max(0.0, now - self.submitted), jitter=jitter)

    def _remark(self, outcome: StillPending | GettyError, delay: float) -> None:
        self.remark = None
        if isinstance(outcome, GettyError):
            if self._total_failures.bit_count() == 1:
                self._remarked = True
                self.remark = f"{outcome} The next poll is in {delay:.1f} s."
        elif self._remarked:
            self._remarked = False
            self.remark = f"{self.asked}: Getty answers again; still pending."
