"""SubmissionTrigger: waits in the triggerer until Getty may accept a refused submission.

Getty limits how many generations an account may have pending, and publishes neither the limit nor when a slot becomes
free. But each generation that finishes frees one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from weakref import WeakKeyDictionary

from airflow.triggers.base import TriggerEvent

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.memory import remembered
from airflow_provider_getty.triggers import WORKER_ENDS_IN
from airflow_provider_getty.triggers._recreated import RecreatedTrigger
from airflow_provider_getty.triggers.shared_client import shared_client

# Seconds after which the coordinator is asked whether a slot is free.
_LOOKS_EVERY = 2.0

_FIRST_WAIT = 10.0
_GROWTH = 1.5
_LONGEST_WAIT = 60.0


def next_attempt_in(attempts: int, *, jitter: float) -> float:
    """Seconds until a refused submission is tried again, unless a slot becomes free earlier.

    :param attempts: how many attempts have been refused, from 1.
    :param jitter: a random number from 0 to 1, so that submissions refused together are not tried together.
    """
    longest = min(_FIRST_WAIT * _GROWTH ** min(attempts - 1, 32), _LONGEST_WAIT)
    return longest * (0.5 + 0.5 * jitter)


class SubmissionTrigger(RecreatedTrigger):
    """Fires when the submission should be tried again, with ``{"deadline", "attempts"}``.

    :param attempts: how many attempts have been refused.
    :param deadline: when to give up (``time.time()``); the last attempt is made then.
    :param due: when the next attempt is made (``time.time()``), unless a slot becomes free earlier. None: by the
        number of attempts.
    :param getty_conn_id: the connection whose generations take the slots.
    """

    def __init__(
        self,
        *,
        attempts: int,
        deadline: float,
        due: float | None = None,
        getty_conn_id: str = "getty_default",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.attempts = attempts
        self.deadline = deadline
        due = due or clock.now() + next_attempt_in(attempts, jitter=random.random())  # noqa: S311
        # An attempt this late leaves no time for another one before the deadline.
        self.due = deadline if due > deadline - WORKER_ENDS_IN else due
        self.getty_conn_id = getty_conn_id

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then fire."""
        freed = asyncio.Event()
        waiting = _waiting.setdefault(asyncio.get_running_loop(), {}).setdefault(self.getty_conn_id, [])
        waiting.append(freed)
        try:
            await clock.pause(WORKER_ENDS_IN)
            with suppress(TimeoutError):
                async with clock.timeout(min(self.due, self.deadline) - clock.now()):
                    await self._free_slot(freed)
        finally:
            waiting.remove(freed)
        # The event holds everything needed to continue: dag.test() drops a deferral's other arguments (Airflow 3.3.2).
        yield TriggerEvent({"deadline": self.deadline, "attempts": self.attempts})  # type: ignore[no-untyped-call]

    async def _free_slot(self, freed: asyncio.Event) -> None:
        """Wait until a slot becomes free in this process or, with a coordinator, in any."""
        with suppress(GettyError):  # the submission fails with the same error, and reports it
            async with shared_client(self.getty_conn_id) as client:
                while client.account.coordinator:
                    with suppress(TimeoutError):
                        async with clock.timeout(_LOOKS_EVERY):
                            await freed.wait()
                            return
                    if await client.reserve_slot():
                        return
        await freed.wait()


_waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, list[asyncio.Event]]] = remembered(
    WeakKeyDictionary()
)
"""The submissions that wait for a slot, by connection, in the order of their arrival."""


def slot_freed(getty_conn_id: str) -> None:
    """Let the submission that has waited longest try again: a generation has finished."""
    waiting = _waiting.get(asyncio.get_running_loop(), {}).get(getty_conn_id, ())
    if first := next((freed for freed in waiting if not freed.is_set()), None):
        first.set()
