"""The rate of one process that shares an account with unknown others: even, and led by the 429s."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque

# Requests sent slightly more than a second apart still arrive a second apart if their latencies differ.
_MARGIN = 1.04
# Seconds by which a request may precede its time after a delay of the event loop.
CATCH_UP = 0.05

# The start if no limit is set: the rate in requests per second, the burst and the doubling time in seconds. The
# rate grows until the first 429.
_FIRST_RATE = 4.0
_FIRST_BURST = 0.5
_DOUBLING = 0.5
# Seconds after a 429 in which others add nothing new, as Getty counts over a second.
_BURST = 1.0
# After a 429: the share of the rate that is kept, the seconds until the rate is restored, and the shortest doubling
# times in seconds, up to the former rate and beyond it.
_KEPT = 0.87
_RECOVERY = 25.0
_FASTEST_DOUBLING = 3.0
_SLOW_DOUBLING = 5.0
# The share of the known limit that remains if the next 429 comes before that limit was reached again.
_FORGETTING = 0.9
# Half of the last _SAMPLE requests refused is an outage, which keeps this share of the rate, and at least _LOWEST_RATE
# requests per second.
_SAMPLE = 20
_KEPT_IN_OUTAGE = 0.5
_LOWEST_RATE = 0.5
# A process that sends less than this per second is not slowed down further by a single 429, which others have caused.
_LITTLE = 5.0


class Pace:
    """The rate at which one process sends: evenly, and never above its limit in any one second.

    Below the limit, the rate follows the 429s: each cuts it by a share, after which it returns to its former value,
    stays there for a while, and then grows faster and faster (the curve of TCP's CUBIC). The process that sends most
    is refused most, which evens out the shares of several processes.

    Pure: the time, in seconds of a monotonic clock, is an argument.

    :param limit: requests per second; below 1: one request in 1 / limit seconds. None: as much as 429s allow.
    :param is_shared: whether several processes share the limit, so that this one starts below it.
    """

    def __init__(self, limit: float | None, *, is_shared: bool = False) -> None:
        self._limit = math.inf if limit is None else (math.floor(limit) if limit >= 1 else limit) / _MARGIN
        self._rate = min(_FIRST_RATE, self._limit) if limit is None or is_shared else self._limit
        self._lowest = min(_LOWEST_RATE, self._limit)
        self._ceiling = math.inf
        self._floor = self._rate
        self._growing = 0.0  # seconds for which requests had to wait since the last cut
        self._held_up = False
        self._count = 0
        self._refusals: deque[int] = deque()  # each with the count of requests at the time
        self._cut_at = -math.inf
        self._next = -math.inf
        self._last = -math.inf
        self._sent: deque[float] = deque()

    @property
    def rate(self) -> float:
        """The present rate, in requests per second."""
        return self._rate

    def delay(self, now: float) -> float:
        """Seconds until the next request may be sent; 0: now."""
        most, window = self._window()
        while self._sent and self._sent[0] <= now - window:
            self._sent.popleft()
        at = self._next
        if len(self._sent) >= most:
            at = max(at, self._sent[-most] + window)
        if at <= now:
            return 0.0
        self._held_up = True
        return at - now

    def send(self, now: float) -> None:
        """Count a request that is sent at this moment."""
        if not self._is_limit_known and self._limit == math.inf:
            early = _FIRST_BURST
        else:
            early = CATCH_UP if self._held_up or now - self._last < CATCH_UP else 0.0
        if self._held_up:
            self._grow(min(now - self._last, _RECOVERY))
        self._held_up = False
        self._count += 1
        self._last = now
        self._next = max(self._next, now - early) + 1 / self._rate
        self._sent.append(now)

    def sent_late(self, now: float, by: float) -> None:
        """Correct the time of a request that was counted ``by`` seconds too early."""
        noted = bisect_left(self._sent, now - by)
        if noted < len(self._sent):
            del self._sent[noted]
        self._sent.append(now)

    def refuse(self, sent: float, now: float) -> None:
        """Slow down after a 429, unless it belongs to the same burst as an earlier one.

        :param sent: when the refused request was sent.
        """
        self._refusals.append(self._count)
        while self._refusals[0] <= self._count - _SAMPLE:
            self._refusals.popleft()
        if sent < self._cut_at + _BURST:
            return
        if self._is_limit_known and 2 * len(self._refusals) >= _SAMPLE:
            # Getty accepts hardly anything, which says little about its limit.
            self._floor = max(_KEPT_IN_OUTAGE * self._rate, self._lowest)
        else:
            in_last_second = len(self._sent) - bisect_left(self._sent, now - 1.0)
            reached = min(self._rate, max(in_last_second + 1.0, _LITTLE))
            self._ceiling = max(reached, _FORGETTING * self._ceiling) if self._is_limit_known else reached
            self._floor = max(_KEPT * reached, self._lowest)
        self._ceiling = max(self._ceiling, self._floor)
        self._rate, self._growing, self._cut_at = self._floor, 0.0, now
        self._next = max(self._next, now + 1 / self._rate)

    @property
    def _is_limit_known(self) -> bool:
        """Whether a 429 has shown where the limit is."""
        return self._ceiling < math.inf

    def _window(self) -> tuple[int, float]:
        """The most requests in a window, and its length in seconds: one, or slightly more."""
        most = math.ceil(self._rate * _MARGIN - 1e-9)
        return most, most / self._rate

    def _grow(self, seconds: float) -> None:
        self._growing += seconds
        if not self._is_limit_known:
            rate = self._rate * math.exp2(seconds / _DOUBLING)
        elif self._growing > 2 * _RECOVERY:
            rate = self._rate * math.exp2(seconds / _SLOW_DOUBLING)
        else:
            rate = self._ceiling + (self._ceiling - self._floor) * (self._growing / _RECOVERY - 1) ** 3
            rate = min(rate, self._rate * math.exp2(seconds / _FASTEST_DOUBLING))
        self._rate = min(max(rate, self._lowest), self._limit)
