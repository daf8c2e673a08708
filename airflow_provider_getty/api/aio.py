"""The async client: drives the conversations of :mod:`.protocol` over one pooled ``aiohttp`` session."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import BinaryIO, Self, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import tenacity

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.pacing import Polling, RequestBudget, patience
from airflow_provider_getty.api.protocol import (
    Call,
    Conversation,
    NewToken,
    Protocol,
    Send,
    fetch_image,
    proceed,
)
from airflow_provider_getty.api.results import StillPending

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

_CHUNK = 256 * 1024
_CONNECTIONS = 20


class AsyncGettyClient:
    """Speaks to Getty on behalf of one account, within one event loop. Use it as an async context manager.

    :param account: whose credentials are used.
    :param on_token: told each new access token, so that it can be masked in logs.
    """

    def __init__(self, account: Account, *, on_token: Callable[[str], Awaitable[None]] | None = None) -> None:
        self.account = account
        self._protocol = Protocol(account)
        self._on_token = on_token
        self._token_lock = asyncio.Lock()
        self._budget = RequestBudget(account.max_requests_per_second)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=account.timeout, sock_read=account.timeout
            ),
        )
        # aiohttp (3.12 to 3.14) repeats a PUT whose connection broke: a download could cost twice.
        self._session._retry_connection = False  # noqa: SLF001

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._session.close()

    async def ask(self, operation: Operation[ResultT], *, deadline: float | None = None) -> ResultT:
        """Perform the operation; see :meth:`.client.GettyClient.ask`."""
        retrying = tenacity.AsyncRetrying(**patience(deadline, clock=time.time, log=log))
        return await retrying(self._ask, operation)

    async def wait_for(
        self,
        operation: Operation[ResultT | StillPending],
        *,
        deadline: float,
        interval: float | None = None,
        submitted: float | None = None,
        first_poll_in: float = 0.0,
    ) -> ResultT:
        """Poll a generation or a download until it is finished; see :meth:`.client.GettyClient.wait_for`.

        :param submitted: when it was submitted (``time.time()``). None: now.
        :param first_poll_in: seconds to wait before the first poll.
        """
        started = time.time() if submitted is None else submitted
        polling = Polling(operation.asked, submitted=started, deadline=deadline, interval=interval)
        delay = first_poll_in
        while True:
            await asyncio.sleep(delay)
            outcome: StillPending | errors.GettyError
            try:
                answer = await self._ask(operation)
                if not isinstance(answer, StillPending):
                    return answer
                outcome = answer
            except errors.GettyError as error:
                outcome = error
            delay = polling.after(outcome, now=time.time(), jitter=random.random())  # noqa: S311
            if isinstance(outcome, errors.GettyError):
                log.warning("%s The next poll is in %.1f s.", outcome, delay)

    async def fetch_image(self, url: str, into: BinaryIO, *, asked: str) -> int:
        """Stream an image from its signed URL into a file; see :meth:`.client.GettyClient.fetch_image`."""
        return await self._drive(fetch_image(url, into, asked=asked))

    async def _ask(self, operation: Operation[ResultT]) -> ResultT:
        return await self._drive(self._protocol.ask(operation))

    async def _drive(self, conversation: Conversation[ResultT]) -> ResultT:
        result: Answer | errors.GettyError | None = None
        try:
            while True:
                step = proceed(conversation, result)
                try:
                    match step:
                        case Send(call):
                            result = await self._send(call)
                        case NewToken(refused):
                            await self._renew_token(refused)
                            result = None
                except errors.GettyError as error:
                    result = error
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    async def _renew_token(self, refused: str | None) -> None:
        async with self._token_lock:
            if self._protocol.needs_token(refused):
                await self._drive(self._protocol.fetch_token())
                if self._on_token and self._protocol.token:
                    await self._on_token(self._protocol.token)

    async def _send(self, call: Call) -> Answer:
        await asyncio.sleep(self._budget.reserve(time.monotonic()))
        try:
            async with self._session.request(
                call.method,
                call.url,
                headers=call.headers,
                data=call.body,
                allow_redirects=False,
                proxy=_proxy(call.url),
            ) as response:
                return await _answer(response, call.into)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            failure = _failure(error)
        # Outside of the handler, as what aiohttp raises may show the URL, which may be signed.
        raise failure


def _proxy(url: str) -> str | None:
    """The proxy that the environment names. Aiohttp's own ``trust_env`` would also read ~/.netrc."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


async def _answer(response: aiohttp.ClientResponse, into: BinaryIO | None) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if into is None or response.status != 200:  # noqa: PLR2004
        body = await response.read()
        return Answer(response.status, headers, body, len(body))
    received = 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        received += await asyncio.to_thread(into.write, chunk)
    return Answer(response.status, headers, received=received)


def _failure(error: Exception) -> errors.TransportError:
    never_reached = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    kind = errors.ConnectionFailedError if never_reached else errors.NoAnswerError
    return kind(f"There was no answer ({type(error).__name__}).")
