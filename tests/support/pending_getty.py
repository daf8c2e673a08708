"""A Getty in the test's own event loop that grants tokens and answers polls as configured."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.observing import Observer
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.results import Generation

OVER_LIMIT = (429, {"message": "Too Many Requests"})


@dataclass
class PendingGetty:
    """The received requests, and the answers to give.

    :param finished: the finished generations.
    :param answer: returns another answer for a generation, as status and document, or None for the usual one.
    :param seconds: the seconds that an answer takes.
    :param token_seconds: the seconds that a token takes.
    :param stuck: the generations whose polls are never answered.
    """

    finished: set[str] = field(default_factory=set)
    answer: Callable[[str], tuple[int, object] | None] = lambda _: None
    seconds: float = 0.0
    token_seconds: float = 0.0
    stuck: set[str] = field(default_factory=set)
    url: str = ""
    polls: Counter[str] = field(default_factory=Counter)
    arrivals: list[float] = field(default_factory=list)
    tokens: int = 0
    connections: int = 0
    open: int = 0
    most_open: int = 0

    def account(self, **changes: Any) -> Account:
        """An account on this server."""
        arguments = {
            "api_key": "key",
            "api_secret": "secret",
            "base_url": self.url,
            "dialect": Dialect.CURRENT,
        }
        return Account(**arguments | changes)

    @asynccontextmanager
    async def client(
        self, observer: Observer | None = None, **changes: Any
    ) -> AsyncIterator[AsyncGettyClient]:
        """Open a client of this server."""
        async with AsyncGettyClient(self.account(**changes), observer=observer) as client:
            yield client

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = head.lower().split("\r\n")
                length = next(
                    (line.split(":")[1] for line in lines if line.startswith("content-length")), "0"
                )
                await reader.readexactly(int(length))
                self.arrivals.append(clock.monotonic())
                is_stuck = head.split()[1].rpartition("/")[2] in self.stuck
                status, document = self._answer(head.split()[1])
                if is_stuck:
                    await reader.read()  # until the client gives up
                    break
                await asyncio.sleep(self.token_seconds if head.startswith("POST") else self.seconds)
                body = json.dumps(document).encode()
                phrase = HTTPStatus(status).phrase
                writer.write(
                    f"HTTP/1.1 {status} {phrase}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
                )
        self.open -= 1
        writer.close()

    def _answer(self, path: str) -> tuple[int, object]:
        if path.endswith("/oauth2/token"):
            self.tokens += 1
            return 200, {"access_token": f"token-{self.tokens}", "expires_in": 1800}
        generation = path.rpartition("/")[2]
        self.polls[generation] += 1
        if (told := self.answer(generation)) is not None:
            return told
        if generation in self.finished:
            return 200, {"generation_request_id": generation, "results": [{"index": 0}]}
        return 202, {"generation_request_id": generation}


@asynccontextmanager
async def pending_getty() -> AsyncIterator[PendingGetty]:
    """Run the server on a free port."""
    getty = PendingGetty()
    server = await asyncio.start_server(getty.serve, "127.0.0.1", 0, backlog=1000)
    getty.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield getty
    finally:
        server.close()


async def wait(client: AsyncGettyClient, generation: str, *, seconds: float = 30, **how: Any) -> Generation:
    """Wait for a generation with frequent polls."""
    how = {"interval": 0.05, "deadline": clock.now() + seconds} | how
    result = await client.wait_for(GetGeneration(generation_request_id=generation), **how)
    assert isinstance(result, Generation)
    return result


def start(client: AsyncGettyClient, generations: Iterable[str], **how: Any) -> list[asyncio.Task[Generation]]:
    """Wait for generations in tasks."""
    return [asyncio.create_task(wait(client, generation, **how)) for generation in generations]


async def until(what: Callable[[], object]) -> None:
    """Run the event loop until a condition is true."""
    while not what():
        await asyncio.sleep(0.005)
