"""The clock that tests can move: tokens, uploads, generations and signed links age by it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

LARGEST_ADVANCE = 10 * 366 * 24 * 3600.0
"""Seconds that the clock can be moved forward in all."""


class Clock:
    """Seconds since the epoch: those of a source, plus a fixed skew, plus what the clock was advanced by.

    :param source: returns seconds since the epoch and never goes backwards. Default: this machine's clock.
    """

    def __init__(self, source: Callable[[], float] | None = None, skew: float = 0.0) -> None:
        self._source = source or _steady()
        self._skew = skew
        self.advanced = 0.0
        """Seconds that it was moved forward."""

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return self._source() + self._skew + self.advanced

    def elapsed(self) -> float:
        """Return the source's time, which moving the clock does not change."""
        return self._source()

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new time. Raises ValueError beyond ten years in all."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError("The clock moves forward only, by a finite number of seconds.")
        if self.advanced + seconds > LARGEST_ADVANCE:
            raise ValueError("The clock moves forward by ten years at most.")
        self.advanced += seconds
        return self.now()


def iso(moment: float) -> str:
    """Write a moment as Getty writes dates: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(moment: float) -> str:
    """Write a moment as the header ``Date`` has it."""
    return formatdate(moment, usegmt=True)


def _steady() -> Callable[[], float]:
    """Return a source that starts at the present and continues steadily, whatever happens to the system's clock."""
    origin = time.time() - time.monotonic()
    return lambda: origin + time.monotonic()
