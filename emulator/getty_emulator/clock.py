"""The clock that tests can move; it determines the age of tokens, uploads, generations and signed links."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

LARGEST_ADVANCE = 10 * 366 * 24 * 3600.0
"""Seconds by which the clock can be moved forward in total."""


class Clock:
    """Seconds since the epoch: a source's time, plus a fixed skew, plus the seconds by which the clock was advanced.

    :param source: returns seconds since the epoch and never goes backwards. Default: this machine's clock.
    """

    def __init__(self, source: Callable[[], float] | None = None, skew: float = 0.0) -> None:
        self._source = source or _steady()
        self._skew = skew
        self.advanced = 0.0
        """Seconds by which it was moved forward."""

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return self._source() + self._skew + self.advanced

    def elapsed(self) -> float:
        """Return the source's time, which is independent of moving the clock."""
        return self._source()

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new time. Raises ValueError beyond ten years in total."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError("The clock only moves forward, by a finite number of seconds.")
        if self.advanced + seconds > LARGEST_ADVANCE:
            raise ValueError("The clock moves forward by at most ten years.")
        self.advanced += seconds
        return self.now()


def iso(moment: float) -> str:
    """Format a time as Getty does: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(moment: float) -> str:
    """Format a time for the ``Date`` header."""
    return formatdate(moment, usegmt=True)


def _steady() -> Callable[[], float]:
    """Return a source that starts at the current time and advances steadily, even if the system clock is changed."""
    origin = time.time() - time.monotonic()
    return lambda: origin + time.monotonic()
