"""The clock that tests can move: tokens, uploads, generations and signed links age by it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Wall-clock seconds since the epoch, plus what it was advanced by. It never goes backwards."""

    def __init__(self) -> None:
        self._origin = time.time() - time.monotonic()
        self.advanced = 0.0
        """Seconds that it is ahead of the present."""

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return self._origin + time.monotonic() + self.advanced

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new time."""
        if seconds < 0:
            raise ValueError("The clock moves forward only.")
        self.advanced += seconds
        return self.now()


def iso(moment: float) -> str:
    """Write a moment as Getty writes dates: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
