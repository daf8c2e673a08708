"""A clock for tests: its time passes only while everything waits, and then at once.

While an HTTP exchange or a thread is at work, virtual time stands still, so that no deadline passes because a machine
is slow. As soon as all threads and event loops wait for nothing but the clock, it jumps to the earliest wake-up.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

# An event loop is idle after it has turned as often as this without any use of the clock. Each turn runs what the one
# before has made ready; the longest such chain of the package is about a dozen turns.
_TURNS = 50
# A thread that was woken may end without using the clock again; others look as often as this whether they are next.
_LOOK_AGAIN = 0.02


@dataclass(order=True, slots=True)
class _WakeUp:
    due: float
    number: int
    wake: Callable[[], object] = field(compare=False)
    loop: asyncio.AbstractEventLoop | None = field(compare=False)
    """Who calls ``wake``; None: whoever moves the clock."""
    thread: int = field(compare=False, default_factory=threading.get_ident)
    context: contextvars.Context = field(compare=False, default_factory=contextvars.copy_context)
    marks: int = field(compare=False, default=0)
    """How many ``at_work`` blocks the sleeping thread is in, which count again as soon as it is woken."""
    is_over: bool = field(compare=False, default=False)


@dataclass(slots=True)
class _Loop:
    """The state of an event loop that has used the clock."""

    thread: int = field(default_factory=threading.get_ident)
    waiting: int = 0
    """How many wake-ups it waits for."""
    is_watched: bool = False
    idle_since: int = -1
    """The number of uses of the clock after which it has turned for long without another."""


@dataclass(slots=True)
class _Timer:
    end: Callable[[_WakeUp], None]
    wake_up: _WakeUp

    def cancel(self) -> None:
        self.end(self.wake_up)


class _Marks(threading.local):
    held = 0


class VirtualClock:
    """A :class:`.clock.Clock` on which no wait takes real time.

    :param on_advance: called with the seconds of each jump before anybody wakes, to move other clocks along.
    :param start: the Unix time at which it starts. Default: the present.
    """

    def __init__(
        self, on_advance: Callable[[float], object] | None = None, *, start: float | None = None
    ) -> None:
        self._began = time.time() if start is None else start
        self._started = time.monotonic() if start is None else start
        self._elapsed = 0.0
        self._on_advance = on_advance
        self._lock = threading.RLock()
        self._numbers = count()
        self._wake_ups: list[_WakeUp] = []
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}
        self._asleep: Counter[int] = Counter()
        self._at_work = 0
        self._marks = _Marks()
        self._uses = 0

    @property
    def elapsed(self) -> float:
        """The virtual seconds that have passed since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass by hand, also while something is at work; whoever is due then wakes."""
        if seconds < 0:
            raise ValueError("The clock moves forward only.")
        with self._lock:
            self._move_to(self._elapsed + seconds)

    def now(self) -> float:
        """Return the virtual time in Unix seconds."""
        return self._began + self._elapsed

    def monotonic(self) -> float:
        """Return the virtual monotonic time."""
        return self._started + self._elapsed

    def shared_now(self) -> float:
        """Return the same as :meth:`now`: no other clock goes as this one does."""
        return self.now()

    def sleep(self, seconds: float) -> None:
        """Block this thread until it is due and nothing else is at work."""
        if seconds <= 0:
            return
        woken = threading.Event()
        wake_up = self._add(seconds, woken.set, loop=None)
        try:
            while not woken.is_set():
                self._jump_if_idle()
                woken.wait(_LOOK_AGAIN)
        finally:
            self._end(wake_up)

    async def pause(self, seconds: float) -> None:
        """Suspend this task until it is due and nothing else is at work."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        timer = self.call_later(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> _Timer:
        """Make a call from the running event loop when it is due and nothing else is at work."""
        wake_up = self._add(max(0.0, seconds), callback, loop=asyncio.get_running_loop())
        self._jump_if_idle()
        return _Timer(self._end, wake_up)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let no time pass within the block."""
        self._count_work(+1)
        self._marks.held += 1
        try:
            yield
        finally:
            self._marks.held -= 1
            self._count_work(-1)
            self._jump_if_idle()

    def _count_work(self, change: int) -> None:
        with self._lock:
            self._at_work += change
            self._uses += 1

    def _add(
        self, seconds: float, wake: Callable[[], object], *, loop: asyncio.AbstractEventLoop | None
    ) -> _WakeUp:
        with self._lock:
            wake_up = _WakeUp(self._elapsed + seconds, next(self._numbers), wake, loop)
            if loop is None:
                wake_up.marks = self._marks.held
                self._asleep[wake_up.thread] += 1
            else:
                self._loops.setdefault(loop, _Loop()).waiting += 1
            heappush(self._wake_ups, wake_up)
            self._count_work(-wake_up.marks)
        return wake_up

    def _end(self, wake_up: _WakeUp) -> None:
        with self._lock:
            if wake_up.is_over:
                return
            wake_up.is_over = True
            if wake_up.loop is None:
                self._asleep[wake_up.thread] -= 1
            else:
                self._loops[wake_up.loop].waiting -= 1
            self._count_work(wake_up.marks)

    def _jump_if_idle(self) -> None:
        with self._lock:
            for loop in [loop for loop in self._loops if loop.is_closed()]:
                for wake_up in [each for each in self._wake_ups if each.loop is loop]:
                    self._end(wake_up)
                del self._loops[loop]
            if self._at_work or self._watch_busy_loops():
                return
            due = self._earliest()
            if due is not None:
                self._move_to(max(due, self._elapsed))

    def _earliest(self) -> float | None:
        while self._wake_ups and self._wake_ups[0].is_over:
            heappop(self._wake_ups)
        # A loop that stands still, such as one of pytest-asyncio between two fixtures, does not take part.
        running = (w for w in self._wake_ups if not w.is_over and (w.loop is None or w.loop.is_running()))
        first = next(running, None)
        if first is None or first is self._wake_ups[0]:
            return None if first is None else first.due
        return min([first.due, *(wake_up.due for wake_up in running)])

    def _move_to(self, elapsed: float) -> None:
        passed, self._elapsed = elapsed - self._elapsed, elapsed
        if passed and self._on_advance:
            self._on_advance(passed)
        self._uses += 1
        while self._wake_ups and self._wake_ups[0].due <= elapsed:
            wake_up = heappop(self._wake_ups)
            if wake_up.is_over:
                continue
            self._end(wake_up)
            if wake_up.loop is None:
                wake_up.wake()
            elif not wake_up.loop.is_closed():
                wake_up.loop.call_soon_threadsafe(wake_up.wake, context=wake_up.context)
        self._watch_busy_loops()

    # Whether an event loop is idle

    def _watch_busy_loops(self) -> bool:
        """Start to watch the loops that wait for this clock and may be busy; False if there is none."""
        busy = False
        for loop, known in self._loops.items():
            # A loop in whose thread blocking code sleeps does not turn.
            if not known.waiting or not loop.is_running() or self._asleep[known.thread]:
                continue
            if known.idle_since != self._uses:
                busy = True
                if not known.is_watched:
                    known.is_watched = True
                    loop.call_soon_threadsafe(self._turn, loop, known, self._uses, _TURNS)
        return busy

    def _turn(self, loop: asyncio.AbstractEventLoop, known: _Loop, uses: int, left: int) -> None:
        with self._lock:
            if left and not self._at_work:
                left = left - 1 if uses == self._uses else _TURNS
                loop.call_soon(self._turn, loop, known, self._uses, left)
                return
            known.is_watched = False
            if uses == self._uses and not self._at_work:
                known.idle_since = uses
        self._jump_if_idle()
