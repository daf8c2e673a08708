"""BatchTrigger: waits in the triggerer until enough generations of a batch are finished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_getty.api import clock

log = logging.getLogger(__name__)

# Under LocalExecutor, a trigger that fires before the worker process has exited fails the task (Airflow 3.3.2).
_FIRST_POLL_IN = 5.0


class BatchTrigger(BaseTrigger):
    """Polls the generations in flight; fires once, with ``{"finished", "deadline", "stopped"}``.

    It submits nothing and writes nothing: a trigger may run twice, a task cannot.

    :param in_flight: of each its item (from 0), its id, and when it was submitted (``time.time()``).
    :param enough: how many must be finished.
    :param until: when to fire at the latest (``time.time()``).
    :param deadline: the task's (``time.time()``), which the task gets back.
    :param stopped: why the task submits nothing more, which it gets back too.
    :param getty_conn_id: a connection of the type ``getty``.
    :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
    :param kind: the operation, for what is known of how long it takes.
    """

    def __init__(
        self,
        *,
        in_flight: Sequence[tuple[int, str, float]],
        enough: int,
        until: float,
        deadline: float,
        stopped: str = "",
        getty_conn_id: str = "getty_default",
        poll_interval: float | None = None,
        kind: str = "",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.in_flight = in_flight
        self.enough = enough
        self.until = until
        self.deadline = deadline
        self.stopped = stopped
        self.getty_conn_id = getty_conn_id
        self.poll_interval = poll_interval
        self.kind = kind
        self._finished: list[int] = []
        self._is_enough = asyncio.Event()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments from which Airflow makes this trigger again elsewhere."""
        names = (
            "in_flight", "enough", "until", "deadline", "stopped", "getty_conn_id", "poll_interval", "kind",
        )  # fmt: skip
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {name: getattr(self, name) for name in names},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then fire."""
        from airflow_provider_getty.api.errors import ConfigurationError  # noqa: PLC0415

        earliest = clock.now() + _FIRST_POLL_IN
        try:
            await self._wait()
        except ConfigurationError as error:  # the worker meets it as well, and says so where people look
            log.warning("%s", error)
            self._finished = [index for index, _, _ in self.in_flight]
        await clock.pause(earliest - clock.now())
        # What it takes to go on is in the event: dag.test() drops what else a task defers with (Airflow 3.3.2).
        yield TriggerEvent(  # type: ignore[no-untyped-call]
            {"finished": sorted(self._finished), "deadline": self.deadline, "stopped": self.stopped}
        )

    async def _wait(self) -> None:
        from airflow_provider_getty.triggers.shared_client import shared_client  # noqa: PLC0415

        async with shared_client(self.getty_conn_id) as client:
            waits = [asyncio.create_task(self._wait_for(client, *each)) for each in self.in_flight]
            try:
                with suppress(TimeoutError):
                    async with clock.timeout(self.until - clock.now()):
                        await self._is_enough.wait()
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)

    async def _wait_for(self, client: Any, index: int, generation_request_id: str, submitted: float) -> None:
        from airflow_provider_getty.api.operations import GetGeneration  # noqa: PLC0415

        try:
            await client.wait_for(
                GetGeneration(generation_request_id=generation_request_id),
                deadline=self.until,
                interval=self.poll_interval,
                submitted=submitted,
                first_poll_in=_FIRST_POLL_IN,
                kind=self.kind,
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker meets it as well, and decides
            log.warning("Item %d: %s", index + 1, error)
        self._finished.append(index)
        if len(self._finished) >= self.enough:
            self._is_enough.set()

    async def on_kill(self) -> None:
        """Airflow 3.3 and later calls this when a person marks or clears the task. Getty has no cancel."""
        log.info("%d generations go on at Getty; clearing their task adopts them.", len(self.in_flight))
