"""GenerationTrigger: waits in the triggerer until a generation is finished."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from airflow.triggers.base import TriggerEvent

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.generating.outcomes import Outcome
from airflow_provider_getty.triggers import WORKER_ENDS_IN
from airflow_provider_getty.triggers._recreated import RecreatedTrigger
from airflow_provider_getty.triggers.shared_client import shared_client
from airflow_provider_getty.triggers.submission import slot_freed

log = logging.getLogger(__name__)


class GenerationTrigger(RecreatedTrigger):
    """Polls a generation until it is finished; fires once, with the ``Outcome`` of :mod:`~.generating.outcomes`.

    :param generation_request_id: the generation.
    :param deadline: when to give up (``time.time()``); it stays the same when the triggerer restarts.
    :param submitted: when the generation was submitted (``time.time()``); the older it is, the less often it
        is polled.
    :param getty_conn_id: a connection of the type ``getty``.
    :param poll_interval: a fixed number of seconds between polls. None: by the generation's age.
    :param kind: the operation that made it, if known: typical durations are learned for each kind.
    """

    def __init__(
        self,
        generation_request_id: str,
        *,
        deadline: float,
        submitted: float | None = None,
        getty_conn_id: str = "getty_default",
        poll_interval: float | None = None,
        kind: str = "",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.generation_request_id = generation_request_id
        self.deadline = deadline
        self.submitted = clock.now() if submitted is None else submitted
        self.getty_conn_id = getty_conn_id
        self.poll_interval = poll_interval
        self.kind = kind

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then fire."""
        try:
            async with shared_client(self.getty_conn_id) as client:
                result = await client.wait_for(
                    GetGeneration(generation_request_id=self.generation_request_id),
                    deadline=self.deadline,
                    interval=self.poll_interval,
                    submitted=self.submitted,
                    first_poll_in=WORKER_ENDS_IN,
                    kind=self.kind,
                )
            outcome = Outcome.of(result)
        except GettyError as error:
            log.warning("%s", error)
            outcome = Outcome.of(error, self.generation_request_id)
        else:
            slot_freed(self.getty_conn_id)
        yield TriggerEvent(outcome.as_event())  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Log that the generation continues. Airflow 3.3 and later calls this when a person ends the wait."""
        log.info(
            "Generation %s continues at Getty, where it can be collected for six months.",
            self.generation_request_id,
        )
