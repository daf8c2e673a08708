"""One client per event loop and connection: its triggers share connections, token and budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.hooks.getty import GettyHook


@dataclass
class _Shared:
    users: int = 0
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    client: AsyncGettyClient | None = None


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Shared]] = WeakKeyDictionary()


@asynccontextmanager
async def shared_client(getty_conn_id: str) -> AsyncIterator[AsyncGettyClient]:
    """The client of the running event loop for this connection; the last one to leave closes it.

    :raises ConfigurationError: the connection cannot be used.
    """
    loop = asyncio.get_running_loop()
    clients = _shared.setdefault(loop, {})
    shared = clients.setdefault(getty_conn_id, _Shared())
    shared.users += 1
    try:
        async with shared.opening:
            if shared.client is None:
                shared.client = await GettyHook(getty_conn_id).get_async_conn()
        yield shared.client
    finally:
        shared.users -= 1
        if not shared.users:
            del clients[getty_conn_id]
            if not clients:
                del _shared[loop]
            if shared.client is not None:
                await shared.client.close()
