"""The clock of tests: no wait takes real time, and no time passes while something is at work."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.virtual_clock import VirtualClock


@pytest.fixture
def virtual() -> Iterator[VirtualClock]:
    virtual = VirtualClock()
    with clock.replaced_by(virtual):
        yield virtual


def test_a_thread_that_sleeps_alone_wakes_at_once(virtual: VirtualClock) -> None:
    before = clock.now(), clock.monotonic()
    clock.sleep(3600)
    assert virtual.elapsed == 3600
    assert clock.now() - before[0] == pytest.approx(3600)
    assert clock.monotonic() - before[1] == pytest.approx(3600)


def test_no_seconds_and_negative_seconds_are_no_wait(virtual: VirtualClock) -> None:
    clock.sleep(-1)
    asyncio.run(clock.pause(-1))
    assert virtual.elapsed == 0


def test_threads_wake_in_the_order_in_which_they_are_due(virtual: VirtualClock) -> None:
    woken = []
    all_asleep = threading.Barrier(3)

    def sleep(seconds: int) -> None:
        with clock.at_work():
            all_asleep.wait()
            clock.sleep(seconds)
            woken.append((seconds, virtual.elapsed))

    with ThreadPoolExecutor() as pool:
        list(pool.map(sleep, (30, 10, 20)))
    assert woken == [(10, 10), (20, 20), (30, 30)]


def test_no_time_passes_while_another_thread_is_at_work(virtual: VirtualClock) -> None:
    began, may_end = threading.Event(), threading.Event()
    seen = []

    def work() -> None:
        with clock.at_work():
            began.set()
            may_end.wait()
            seen.append(virtual.elapsed)

    def sleep() -> None:
        clock.sleep(60)
        seen.append(virtual.elapsed)

    worker, sleeper = threading.Thread(target=work), threading.Thread(target=sleep)
    worker.start()
    began.wait()
    sleeper.start()
    while not virtual._asleep[sleeper.ident or 0]:
        pass
    virtual._jump_if_idle()
    may_end.set()
    worker.join()
    sleeper.join()
    assert seen == [0, 60]


def test_a_thread_that_sleeps_is_not_at_work(virtual: VirtualClock) -> None:
    with clock.at_work(), clock.at_work():
        clock.sleep(5)
    assert virtual.elapsed == 5


def test_tasks_wake_in_the_order_in_which_they_are_due(virtual: VirtualClock) -> None:
    woken = []

    async def pause(seconds: int) -> None:
        await clock.pause(seconds)
        woken.append((seconds, virtual.elapsed))

    async def main() -> None:
        await asyncio.gather(*(pause(seconds) for seconds in (30, 10, 20)))

    asyncio.run(main())
    assert woken == [(10, 10), (20, 20), (30, 30)]


def test_no_time_passes_while_a_task_is_ready(virtual: VirtualClock) -> None:
    async def busy() -> float:
        for _ in range(30):
            await asyncio.sleep(0)
        return virtual.elapsed

    async def main() -> float:
        waiting = asyncio.create_task(clock.pause(60))
        elapsed = await busy()
        await waiting
        return elapsed

    assert asyncio.run(main()) == 0
    assert virtual.elapsed == 60


def test_no_time_passes_while_a_thread_of_the_loop_is_at_work(virtual: VirtualClock) -> None:
    async def main() -> float:
        waiting = asyncio.create_task(clock.pause(60))
        may_end = threading.Event()
        working = asyncio.create_task(clock.in_thread(may_end.wait))
        await asyncio.sleep(0.05)  # long enough for a clock that does not know of the thread
        elapsed = virtual.elapsed
        may_end.set()
        await asyncio.gather(waiting, working)
        return elapsed

    assert asyncio.run(main()) == 0
    assert virtual.elapsed == 60


def test_a_time_limit_passes_only_if_nothing_else_happens_before(virtual: VirtualClock) -> None:
    async def main() -> None:
        async with clock.timeout(10):
            await clock.pause(9)
        with pytest.raises(TimeoutError):
            async with clock.timeout(10):
                await asyncio.Event().wait()

    asyncio.run(main())
    assert virtual.elapsed == 19


def test_a_canceled_timer_does_not_hold_the_clock(virtual: VirtualClock) -> None:
    async def main() -> None:
        clock.call_later(5, pytest.fail).cancel()
        await clock.pause(60)

    asyncio.run(main())
    assert virtual.elapsed == 60


def test_threads_and_loops_share_the_clock(virtual: VirtualClock) -> None:
    woken = []
    at_work = threading.Event()

    def sleep() -> None:
        with clock.at_work():
            at_work.set()
            clock.sleep(10)
            woken.append(virtual.elapsed)

    async def main() -> None:
        with clock.at_work():
            pausing = asyncio.create_task(clock.pause(20))
            await asyncio.sleep(0)
            thread.start()
            at_work.wait()
        await pausing
        woken.append(virtual.elapsed)

    thread = threading.Thread(target=sleep)
    asyncio.run(main())
    thread.join()
    assert woken == [10, 20]


def test_a_loop_whose_thread_sleeps_does_not_hold_the_clock(virtual: VirtualClock) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(clock.pause(60))
        await asyncio.sleep(0)
        clock.sleep(5)
        assert virtual.elapsed == 5
        await waiting

    asyncio.run(main())
    assert virtual.elapsed == 60


@pytest.mark.parametrize("close", [True, False])
def test_a_loop_that_no_longer_runs_does_not_hold_the_clock(virtual: VirtualClock, close: bool) -> None:
    async def leave_a_timer() -> None:
        clock.call_later(1, pytest.fail)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave_a_timer())
    if close:
        loop.close()
    clock.sleep(5)
    asyncio.run(clock.pause(5))
    assert virtual.elapsed == 10
    loop.close()


def test_a_test_may_move_the_clock_while_something_is_at_work(virtual: VirtualClock) -> None:
    async def main() -> None:
        async with clock.timeout(5):
            with clock.at_work():
                virtual.advance(6)
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    with pytest.raises(ValueError, match="forward only"):
        virtual.advance(-1)


def test_other_clocks_are_moved_before_anybody_wakes() -> None:
    moved: list[float] = []
    virtual = VirtualClock(moved.append)
    virtual.sleep(3)
    assert moved == [3]
    virtual.advance(2)
    assert moved == [3, 2]


def test_a_callback_sees_the_context_in_which_its_timer_was_set(virtual: VirtualClock) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="none")
    seen: list[str] = []

    async def main() -> None:
        def set_timer() -> None:
            name.set("its own")
            clock.call_later(1, lambda: seen.append(name.get()))

        contextvars.copy_context().run(set_timer)
        await clock.pause(2)

    asyncio.run(main())
    assert seen == ["its own"]
