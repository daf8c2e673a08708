"""Either client, connected to the emulator; and a Getty for many waits at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from getty_emulator.server import Emulator

from airflow_provider_getty.api.account import Account
from tests.support.both_clients import Async, Client, Connect, Sync
from tests.support.pending_getty import PendingGetty, pending_getty


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def connect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Return what connects to an emulator, or to any address, as an account with these changes."""
    monkeypatch.setenv("NO_PROXY", "*")
    connected: list[Client] = []

    def connect_to(emulator: Emulator | None = None, **changes: Any) -> Client:
        arguments: dict[str, Any] = {"api_key": "demo-key", "api_secret": "demo-secret", "timeout": 60}
        if emulator:
            arguments |= {"base_url": emulator.url, "token_url": f"{emulator.url}/oauth2/token"}
        client: Client = request.param(Account(**arguments | changes))
        connected.append(client)
        return client

    yield connect_to
    for client in connected:
        client.close()


@pytest.fixture
def getty(connect: Connect, getty_emulator: Emulator) -> Client:
    """A client of the emulator."""
    return connect(getty_emulator)


@pytest_asyncio.fixture
async def polled(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PendingGetty]:
    """A Getty in the test's own event loop."""
    monkeypatch.setenv("NO_PROXY", "*")
    async with pending_getty() as getty:
        yield getty
