"""BatchTrigger: waits in the triggerer until enough generations of a batch are finished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TriggerEvent

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import ConfigurationError
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.triggers import WORKER_ENDS_IN
from airflow_provider_getty.triggers._recreated import RecreatedTrigger
from airflow_provider_getty.triggers.shared_client import shared_client

if TYPE_CHECKING:
    from airflow_provider_getty.api.aio import AsyncGettyClient

log = logging.getLogger(__name__)

_MAX_SEEN = 1_000
"""The most generations whose outcome is in the event, at about 60 bytes each; the worker polls further ones again."""
_LINES = 10
"""The most log lines that say how many generations are finished."""
_OLD = 15.0
"""Generations older than this, in seconds, are polled at once: by age, they would come last in every round."""


class BatchTrigger(RecreatedTrigger):
    """Polls the generations in flight; fires once, with ``{"seen", "deadline", "stopped", "charged"}``.

    It submits nothing and writes nothing, as Airflow may run a trigger twice. ``seen`` has a list for each finished
    generation: the number of its item, its id, its seed, the indexes of its images, and those of the blocked ones; for
    a failed one, only the number.

    :param in_flight: for each generation, the number of its item, its id, and when it was submitted (Unix time).
    :param enough: how many must finish.
    :param until: when to fire at the latest (Unix time).
    :param deadline: the task's deadline (Unix time), which the event returns.
    :param stopped: why the task submits nothing more, which the event returns.
    :param charged: how many charged generations the journal has, which the event returns.
    :param getty_conn_id: a connection of the type ``getty``.
    :param poll_interval: a fixed number of seconds between polls. None: by the generation's age.
    :param kind: the operation: typical durations are learned for each kind.
    """

    def __init__(
        self,
        *,
        in_flight: Sequence[tuple[int, str, float]],
        enough: int,
        until: float,
        deadline: float,
        stopped: str = "",
        charged: int = 0,
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
        self.charged = charged
        self.getty_conn_id = getty_conn_id
        self.poll_interval = poll_interval
        self.kind = kind
        self._seen: dict[int, list[Any]] = {}
        self._reported = 0
        self._is_enough = asyncio.Event()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then fire."""
        earliest = clock.now() + WORKER_ENDS_IN
        try:
            await self._wait()
        except (
            ConfigurationError
        ) as error:  # the worker meets the same error, and reports it where people look
            log.warning("%s", error)
            self._seen = {number: [number] for number, _, _ in self.in_flight}
        await clock.pause(earliest - clock.now())
        # The event holds everything needed to continue: dag.test() drops a deferral's other arguments (Airflow 3.3.2).
        yield TriggerEvent(  # type: ignore[no-untyped-call]
            {
                "seen": [self._seen[number] for number in sorted(self._seen)],
                "deadline": self.deadline,
                "stopped": self.stopped,
                "charged": self.charged,
            }
        )

    async def _wait(self) -> None:
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

    async def _wait_for(
        self, client: AsyncGettyClient, number: int, generation_request_id: str, submitted: float
    ) -> None:
        seen: list[Any] = [number]
        first_poll_in = WORKER_ENDS_IN
        try:
            if clock.now() - submitted > _OLD:
                await clock.pause(WORKER_ENDS_IN)
                first_poll_in = 0.0
            generation = await client.wait_for(
                GetGeneration(generation_request_id=generation_request_id),
                deadline=self.until,
                interval=self.poll_interval,
                submitted=submitted,
                first_poll_in=first_poll_in,
                kind=self.kind,
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the worker meets the same error, and decides
            log.warning("Item %d: %s", number, error)
        else:
            if len(self._seen) < _MAX_SEEN:
                images = [image.index for image in generation.results]
                blocked = [image.index for image in generation.blocked]
                seen += [generation.generation_request_id, generation.seed, images, blocked]
        self._seen[number] = seen
        self._report()
        if len(self._seen) >= self.enough:
            self._is_enough.set()

    def _report(self) -> None:
        """Log how many generations are finished, in at most ten lines."""
        tenths = len(self._seen) * _LINES // len(self.in_flight)
        if tenths > self._reported:
            self._reported = tenths
            log.info("%d of %d generations are finished.", len(self._seen), len(self.in_flight))

    async def on_kill(self) -> None:
        """Log that the generations continue. Airflow 3.3 and later calls this when a person ends the wait."""
        log.info(
            "%d generations continue at Getty. The journal has them: a clear collects them and pays for none again.",
            len(self.in_flight),
        )
