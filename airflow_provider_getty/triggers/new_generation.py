"""NewGenerationTrigger: starts a DAG run when the account has a new generation, whoever made it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.generating.watching import Watch, described
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.triggers._recreated import RecreatedTrigger
from airflow_provider_getty.triggers.shared_client import shared_client

if TYPE_CHECKING:
    from airflow_provider_getty.api.aio import AsyncGettyClient
    from airflow_provider_getty.api.results import HistoryItem

log = logging.getLogger(__name__)

HANDOVER = 5.0
"""Seconds from an event until it counts as fired. Airflow 3.3.2 takes events every second; a kill loses the others."""
_KEY = "getty_history"


class NewGenerationTrigger(RecreatedTrigger, BaseEventTrigger):
    """Watches the account's history for an ``AssetWatcher``; fires once for each generation that finishes.

    On Airflow 3.3, it continues where it stopped after a restart, even after a kill: it fires for generations that
    finished in the meantime, and for none twice, except those that it fired for in the last seconds before the
    triggerer ended. On older versions, it starts afresh, and does not fire for generations that finished while no
    triggerer ran.

    :param getty_conn_id: a connection of the type ``getty``. It is read again after a failure.
    :param product_ids: only generations for which these products paid.
    :param notes: only generations with this text in their notes, in any letter case.
    :param poll_interval: seconds between two looks at the history.
    """

    asset_state_store: Any = None

    def __init__(
        self,
        *,
        getty_conn_id: str = "getty_default",
        product_ids: Sequence[int] | None = None,
        notes: str | None = None,
        poll_interval: float = 60.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.getty_conn_id = getty_conn_id
        self.product_ids = None if product_ids is None else list(product_ids)
        self.notes = notes
        self.poll_interval = poll_interval

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch the history, and fire for each generation that finishes."""
        watch = Watch.of(await self._recall())
        while True:
            try:
                async with shared_client(self.getty_conn_id) as client:
                    while True:
                        now = clock.now()
                        found = watch.look(await self._history(client, watch.since(now)), now)
                        for item in found:
                            yield TriggerEvent(dict(described(item)))  # type: ignore[no-untyped-call]
                            watch.mark_reported(item, now)
                        if found:
                            await clock.pause(HANDOVER)
                        await self._remember(watch.as_json())
                        await clock.pause(self.poll_interval)
            except GettyError as error:  # somebody may fix the cause while this continues
                log.warning("%s Looking again in %.0f s.", error, self.poll_interval)
            await clock.pause(self.poll_interval)

    async def _history(self, client: AsyncGettyClient, since: float) -> list[HistoryItem]:
        history = AsyncGetty(client).history(
            since=datetime.fromtimestamp(since, UTC), product_ids=self.product_ids
        )
        wanted = (self.notes or "").casefold()
        return [item async for item in history if wanted in (item.notes or "").casefold()]

    async def _recall(self) -> object:
        if self.asset_state_store is None:  # before Airflow 3.3
            return None
        try:
            return await self.asset_state_store.aget(_KEY)
        except ValueError:  # one trigger serves all assets with equal watchers
            log.warning(
                "Several assets use this trigger, so it cannot store what it has seen: it starts afresh after a "
                "restart. Let the DAGs share one asset."
            )
            self.asset_state_store = None
            return None

    async def _remember(self, document: dict[str, Any]) -> None:
        if self.asset_state_store is not None:
            await self.asset_state_store.aset(_KEY, document)
