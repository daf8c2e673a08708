"""The send slots of this process in the line that all processes of an account share; see ``line.lua``.

Pure: the time, in seconds of a monotonic clock, is an argument.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from airflow_provider_getty.api.coordinator import Command, Coordinator, CoordinatorError

log = logging.getLogger(__name__)

# How far ahead a process books slots, in seconds; and the fewest slots that it books.
_AHEAD = 0.1
_FEWEST_AHEAD = 2
# A slot is missed this many seconds after its time. A slightly late request does little harm: if many are late, 429s
# lower the rate. Each missed slot in a row doubles the tolerance, so that a slow process makes progress.
_TOLERANCE = 0.5
_MAX_MISSED = 5
# Seconds after which to ask again while another request's booking is under way.
_BOOKING_TAKES = 0.05
_SOON = 0.001
# Seconds after which Redis is tried again: at first, and at most.
_FIRST_RETRY, _LONGEST_RETRY = 5.0, 30.0


@dataclass(frozen=True, slots=True)
class Booking:
    """Have Redis run the command, and pass the outcome to :meth:`.budget.RequestBudget.booked`.

    :param wanted: how many slots the command books.
    """

    command: Command
    wanted: int


class Line:
    """The slots that this process has booked, and whether Redis can be reached.

    :param coordinator: makes the commands.
    """

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._slots: deque[float] = deque()
        self._asked = 0
        self._rate = 0.0
        self._ahead_of_us = 0.0  # the time of Redis minus ours
        self._refused_until = -math.inf
        self._missed = 0
        self._retry_at: float | None = None
        self._retry_in = _FIRST_RETRY

    @property
    def is_up(self) -> bool:
        """Whether Redis answered the last command, or has not had one yet."""
        return self._retry_at is None

    @property
    def rate(self) -> float:
        """The rate of all processes together, in requests per second; 0 before the first booking."""
        return self._rate

    def retry(self, now: float) -> Booking | None:
        """Book a slot to try Redis again after an outage, if it is time."""
        if self._retry_at is None or now < self._retry_at:
            return None
        self._retry_in = min(2 * self._retry_in, _LONGEST_RETRY)
        self._retry_at = now + self._retry_in
        return self._book(1)

    def take(self, position: int, wanted: int, now: float) -> float | Booking:
        """0: send now; or the seconds after which to ask again; or a booking to make first.

        :param position: how many requests of this process precede this one.
        :param wanted: how many requests of this process wait, including this one.
        """
        while self._slots and self._slots[0] + _TOLERANCE * 2**self._missed < now:
            self._slots.popleft()
            self._missed = min(self._missed + 1, _MAX_MISSED)
        if self._slots and self._slots[0] <= now:
            self._slots.popleft()
            self._missed = 0
            return 0.0
        ahead = max(_FEWEST_AHEAD, math.ceil(self._rate * _AHEAD))
        missing = min(wanted, ahead) - len(self._slots) - self._asked
        if missing > 0 and now >= self._refused_until:
            return self._book(missing)
        return max(self._delay(position, ahead, now), _SOON)

    def _delay(self, position: int, ahead: int, now: float) -> float:
        """Seconds until our slot, or until one can be booked for us."""
        if position < len(self._slots):
            return self._slots[position] - now
        if not self._slots:
            return max(self._refused_until - now, _BOOKING_TAKES)
        later = position - ahead
        if later < len(self._slots):
            return self._slots[max(later, 0)] - now + _SOON
        return self._slots[-1] - now + (later - len(self._slots) + 1) / max(self._rate, 1.0)

    def _book(self, wanted: int) -> Booking:
        self._asked += wanted
        return Booking(self._coordinator.book(wanted), wanted)

    def booked(self, booking: Booking, outcome: Any, now: float) -> None:
        """Receive the outcome of a booking; see :meth:`.budget.RequestBudget.booked`."""
        self._asked -= booking.wanted
        if isinstance(outcome, CoordinatorError):
            self.lost(outcome, now)
        elif outcome is not None:
            self._add_slots(outcome, now)

    def _add_slots(self, reply: Any, now: float) -> None:
        count, delay, apart, first = (int(number) for number in reply[:4])
        self._rate = float(reply[4])
        if self._retry_at is not None:
            log.info("The coordinator answers again: requests are coordinated with other processes.")
            self._retry_at = None
        if not count:
            self._refused_until = now + delay / 1e6 + _SOON
            return
        self._ahead_of_us = (first - delay) / 1e6 - now
        slots = [now + (delay + k * apart) / 1e6 for k in range(count)]
        self._slots = deque(sorted([*self._slots, *slots]))

    def lost(self, error: CoordinatorError, now: float) -> None:
        """Continue without Redis for a while."""
        self._slots.clear()
        if self._retry_at is None:
            log.warning(
                "The coordinator cannot be used: %s This process paces its requests by itself until it can.",
                error,
            )
            self._retry_in = _FIRST_RETRY
        self._retry_at = now + self._retry_in

    def refused(self, sent: float) -> Command:
        """Report the 429 to a request that was sent at this time."""
        return self._coordinator.refused(sent + self._ahead_of_us, self._rate)
