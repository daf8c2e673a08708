"""A common interface to the sync and the async client, so that one test covers both."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Protocol

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.operations import Operation


class Client(Protocol):
    """The calls that tests make on either client."""

    account: Account
    told_tokens: list[str]

    def ask(self, operation: Operation[Any], *, deadline: float | None = None) -> Any:
        """Perform the operation."""

    def ask_together(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        """Perform all operations at once."""

    def wait_for(self, operation: Operation[Any], *, deadline: float, interval: float | None = None) -> Any:
        """Poll until there is a result."""

    def fetch_image(self, url: str, into: BinaryIO, *, asked: str, deadline: float = ...) -> int:
        """Stream an image into a file."""

    def close(self) -> None:
        """Close the connections."""


Connect = Callable[..., Client]


class Sync(GettyClient):
    """The sync client; concurrent calls run in threads."""

    def __init__(self, account: Account) -> None:
        self.told_tokens: list[str] = []
        super().__init__(account, on_token=self.told_tokens.append)

    def ask_together(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        """Perform each operation in its own thread."""
        with ThreadPoolExecutor(len(operations)) as threads:
            return list(threads.map(self.ask, operations))


class Async:
    """The async client in its own event loop; concurrent calls run as tasks."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.told_tokens: list[str] = []
        self._loop = asyncio.Runner()
        try:
            self._client = self._loop.run(self._open())
        except BaseException:
            self._loop.close()
            raise

    async def _open(self) -> AsyncGettyClient:
        async def on_token(token: str) -> None:
            self.told_tokens.append(token)

        return AsyncGettyClient(self.account, on_token=on_token)

    def ask(self, operation: Operation[Any], *, deadline: float | None = None) -> Any:
        """Perform the operation."""
        return self._loop.run(self._client.ask(operation, deadline=deadline))

    def ask_together(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        """Perform each operation in its own task."""

        async def gather() -> list[Any]:
            asked = (self._client.ask(operation) for operation in operations)
            return await asyncio.gather(*asked, return_exceptions=True)

        answers = self._loop.run(gather())
        for error in answers:
            if isinstance(error, Exception):
                raise error
        return answers

    def wait_for(self, operation: Operation[Any], *, deadline: float, interval: float | None = None) -> Any:
        """Poll until there is a result."""
        return self._loop.run(self._client.wait_for(operation, deadline=deadline, interval=interval))

    def fetch_image(self, url: str, into: BinaryIO, *, asked: str, deadline: float = math.inf) -> int:
        """Stream an image into a file."""
        return self._loop.run(self._client.fetch_image(url, into, asked=asked, deadline=deadline))

    def close(self) -> None:
        """Close the connections and the event loop."""
        self._loop.run(self._client.close())
        self._loop.close()
