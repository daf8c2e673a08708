"""Reads the generation history for many items at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.history import has_marker, is_marked
from airflow_provider_getty.hooks.async_getty import AsyncGetty

_GATHERING = 0.2


class SharedHistory:
    """Reads the history once for all items that ask within a moment; never before an item has asked."""

    def __init__(self, client: AsyncGettyClient) -> None:
        self._client = client
        self._next: asyncio.Task[list[HistoryItem]] | None = None
        self._since = 0.0
        self._markers: set[str] = set()

    async def items(self, since: float, marker: str) -> list[HistoryItem]:
        """Return the generations with the marker or without any since a time, and perhaps some others.

        :param since: Unix time.
        :param marker: the item's marker; empty if none was sent.
        :raises GettyError: the history cannot be read.
        """
        if self._next is None:
            self._since, self._markers = since, set()
            self._next = asyncio.create_task(self._look())
        self._since = min(self._since, since)
        self._markers.add(marker)
        return await asyncio.shield(self._next)

    async def _look(self) -> list[HistoryItem]:
        await clock.pause(_GATHERING)
        since, markers, self._next = self._since, self._markers, None
        history = AsyncGetty(self._client).history(since=datetime.fromtimestamp(since, UTC))
        return [
            item
            async for item in history
            if not is_marked(item.notes) or any(has_marker(item.notes, marker) for marker in markers)
        ]
