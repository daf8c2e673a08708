"""The only source of time in the package, and the only way to wait.

Tests replace the system's clock with a :class:`.virtual_clock.VirtualClock`, whose time passes only while everything
waits. So work that an event loop or a thread waits for without this module goes into an :func:`at_work` block.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Cancel the call."""


class Clock(Protocol):
    """Tells the time and waits; the functions of this module say what each method does."""

    def now(self) -> float:
        """See :func:`now`."""

    def monotonic(self) -> float:
        """See :func:`monotonic`."""

    def shared_now(self) -> float | None:
        """See :func:`shared_now`."""

    def sleep(self, seconds: float) -> None:
        """See :func:`sleep`."""

    async def pause(self, seconds: float) -> None:
        """See :func:`pause`."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """See :func:`call_later`."""

    def at_work(self) -> AbstractContextManager[None]:
        """See :func:`at_work`."""


class SystemClock:
    """The real time."""

    _idle = nullcontext()

    def now(self) -> float:
        """Return the system's time."""
        return time.time()

    def monotonic(self) -> float:
        """Return the system's monotonic time."""
        return time.monotonic()

    def shared_now(self) -> float | None:
        """None: the coordinator tells the time, as the clocks of machines differ."""
        return None

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        time.sleep(max(0.0, seconds))

    async def pause(self, seconds: float) -> None:
        """Suspend the task."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Set a timer of the event loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)

    def at_work(self) -> AbstractContextManager[None]:
        """Do nothing: real time passes anyway."""
        return self._idle


_clock: Clock = SystemClock()


def now() -> float:
    """Return the wall-clock time in Unix seconds, which is the same in a worker and in a triggerer."""
    return _clock.now()


def monotonic() -> float:
    """Return seconds that never go backwards, from an arbitrary start."""
    return _clock.monotonic()


def shared_now() -> float | None:
    """Return the time that several processes share, in Unix seconds; None: the coordinator tells it."""
    return _clock.shared_now()


def sleep(seconds: float) -> None:
    """Block this thread for some seconds; not at all if they are negative."""
    _clock.sleep(seconds)


async def pause(seconds: float) -> None:
    """Suspend this task for some seconds; if they are 0 or negative, let other tasks run once."""
    await _clock.pause(seconds)


def call_later(seconds: float, callback: Callable[[], object]) -> Timer:
    """Schedule a call from the running event loop in some seconds, unless the timer is canceled first."""
    return _clock.call_later(seconds, callback)


@asynccontextmanager
async def timeout(seconds: float) -> AsyncIterator[None]:
    """Cancel the block after some seconds.

    :raises TimeoutError: it was canceled.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as scope:
        timer = call_later(max(0.0, seconds), lambda: scope.reschedule(loop.time()))
        try:
            yield
        finally:
            timer.cancel()


def at_work() -> AbstractContextManager[None]:
    """Mark a block in which no virtual time passes, such as an HTTP exchange or the wait for a thread.

    A thread may :func:`sleep` within the block; a task must not :func:`pause`.
    """
    return _clock.at_work()


async def in_thread(function: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
    """Run a blocking function in a thread, as :func:`asyncio.to_thread` does."""
    with at_work():
        return await asyncio.to_thread(function, *args, **kwargs)


@contextmanager
def replaced_by(other: Clock) -> Iterator[None]:
    """Take the time from another clock within the block, in all threads."""
    global _clock  # noqa: PLW0603 - it is one clock for the whole process
    before, _clock = _clock, other
    try:
        yield
    finally:
        _clock = before
