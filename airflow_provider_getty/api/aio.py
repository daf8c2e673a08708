"""The async client: drives the conversations of :mod:`.protocol` over one pooled ``aiohttp`` session."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar

import aiohttp
from yarl import URL

from airflow_provider_getty.api import bodies, clock, errors, from_aiohttp
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.bodies import total_seconds
from airflow_provider_getty.api.budget import RequestBudget, budget_of
from airflow_provider_getty.api.coordinator import Command, CoordinatorError
from airflow_provider_getty.api.driving import drive_async
from airflow_provider_getty.api.fetching import fetch_image
from airflow_provider_getty.api.line import Booking
from airflow_provider_getty.api.network import FRESH_SECONDS, network
from airflow_provider_getty.api.observing import Observer, Unobserved
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.patience import Patience, Pause
from airflow_provider_getty.api.poller import Poller, Waiting
from airflow_provider_getty.api.polling import Polling
from airflow_provider_getty.api.protocol import (
    Call,
    Conversation,
    NewToken,
    Opening,
    Protocol,
    Send,
)
from airflow_provider_getty.api.results import StillPending
from airflow_provider_getty.api.schedule import Schedules

if TYPE_CHECKING:
    from airflow_provider_getty.api.redis_link import AsyncLink

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

_LARGE = 1024**2
_CONNECTIONS = 100
_LATE = 0.002
_STILL_PENDING = StillPending()


@dataclass(frozen=True, slots=True)
class _Poll:
    """A poll that can be repeated as long as its token is valid."""

    opening: Opening
    url: URL = field(repr=False)
    proxy: str | None


class AsyncGettyClient:
    """Speaks to Getty on behalf of one account, within one event loop. Use it as an async context manager.

    :param account: whose credentials are used.
    :param on_token: receives each new access token, to mask it in logs.
    :param observer: receives each request and poll.
    :param reread: reads the account again after its secret was refused, as it may have been rotated.
    :param connections: the most connections, and so the most requests at a time.
    :param schedules: the schedules of an earlier client, by kind, with the durations that they have learned.
    :param log_level: the level of the lines about generations and downloads that succeed.
    """

    def __init__(
        self,
        account: Account,
        *,
        on_token: Callable[[str], Awaitable[None]] | None = None,
        observer: Observer | None = None,
        reread: Callable[[], Awaitable[Account]] | None = None,
        connections: int = _CONNECTIONS,
        schedules: Schedules | None = None,
        log_level: int = logging.INFO,
    ) -> None:
        self.account = account
        self.log_level = log_level
        self.ahead_of_getty = 0.0
        """Seconds by which this machine's clock is ahead of Getty's, by its last answer; 0 before the first."""
        self.budget = budget_of(account)
        self._link = _link(account)
        self._protocol = Protocol(account)
        self._on_token = on_token
        self._reread = reread
        self._observer = observer or Unobserved()
        self._token_lock = asyncio.Lock()
        self._first_in_line = asyncio.Lock()
        self._network = network()
        self._session = self._session_with(connections)
        self._calls = self._session_with(connections, keepalive_timeout=FRESH_SECONDS)
        # aiohttp (3.12 to 3.14) repeats a PUT whose connection broke: a download could cost twice.
        self._calls._retry_connection = False  # noqa: SLF001
        self._poller = Poller(
            self._look,
            budget=self.budget,
            book=self._book,
            observer=self._observer,
            # The other connections are for calls.
            workers=max(1, connections * 4 // 5),
            schedules=schedules,
        )

    def _session_with(self, connections: int, **pool: Any) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=_Connector(self.budget, limit=connections, ssl=self._network.tls, **pool),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._limits(),
            auto_decompress=False,  # a Decoder bounds the length
            headers={"Accept-Encoding": "gzip"},
        )

    def _limits(self, ends: float = math.inf, **what: Any) -> aiohttp.ClientTimeout:
        """The timeouts of a call.

        :param ends: when to give up (Unix time).
        :param what: see :func:`.bodies.total_seconds`.
        """
        timeout = self.account.timeout
        total = min(total_seconds(timeout, **what), max(0.001, ends - clock.now()))
        # A call that times out while it waits for a connection, pooled or new, has sent nothing.
        return aiohttp.ClientTimeout(total=total, connect=timeout, sock_connect=timeout, sock_read=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._poller.close()
        await self._session.close()
        await self._calls.close()
        if self._link:
            await self._link.close()

    async def ask(
        self,
        operation: Operation[ResultT],
        *,
        deadline: float | None = None,
        not_for: tuple[type[errors.GettyError], ...] = (),
        before_send: Callable[[], Awaitable[None]] | None = None,
    ) -> ResultT:
        """Perform the operation; see :meth:`.client.GettyClient.ask`."""
        conversation = self._protocol.ask(operation, Patience(deadline, not_for))
        return await self._drive(conversation, operation.name, before_send=before_send)

    async def wait_for(
        self,
        operation: Operation[ResultT | StillPending],
        *,
        deadline: float,
        interval: float | None = None,
        submitted: float | None = None,
        first_poll_in: float = 0.0,
        kind: str = "",
    ) -> ResultT:
        """Poll a generation or a download until it is finished; see :meth:`.client.GettyClient.wait_for`."""
        kind = f"{operation.name} {kind}"
        schedule = self._poller.schedule(kind)
        if self._link and not schedule.is_recalled:
            await self._drive(self._protocol.recall(kind, schedule), operation.name)
        polling = Polling(
            operation.asked,
            submitted=clock.now() if submitted is None else submitted,
            deadline=deadline,
            interval=interval,
            schedule=schedule,
        )
        log.log(self.log_level, "%s", polling.announcement(now=clock.now()))
        result = await self._poller.wait_for(operation, polling, first_poll_in=first_poll_in)
        if self._link and schedule.unshared:
            await self._drive(self._protocol.share_learned(kind, schedule), operation.name)
        log.log(self.log_level, "%s", polling.summary(now=clock.now()))
        return result  # type: ignore[no-any-return]

    async def reserve_slot(self) -> bool:
        """Reserve a slot for a submission, for half a minute, if the coordinator knows that one is free."""
        return self._link is not None and await self._drive(self._protocol.reserve_slot(), "slot")

    async def fetch_image(self, url: str, into: BinaryIO, *, asked: str, deadline: float = math.inf) -> int:
        """Stream an image from its signed URL into a file; see :meth:`.client.GettyClient.fetch_image`."""
        ends = bodies.soon_after(deadline)
        return await self._drive(fetch_image(url, into, asked=asked), "image", ends=ends)

    async def _look(self, waiting: Waiting) -> Any:
        """Poll once, by the shortest way there is: only what is not pending takes part in a conversation."""
        operation, poll = waiting.operation, waiting.poll
        if poll is None or poll.opening.token != self._protocol.token:
            opening = self._protocol.opening(operation)
            if opening is None:
                return await self._drive(self._protocol.ask(operation), operation.name, waiting=waiting)
            try:
                proxy = self._network.proxy_for(opening.call.url)
            except errors.ConfigurationError as error:
                return await self._drive(
                    self._protocol.opened(operation, opening, error), operation.name, waiting=waiting
                )
            poll = _Poll(opening, URL(opening.call.url, encoded=True), proxy)
            waiting.poll = poll
        reply: Answer | errors.GettyError
        sent, status = clock.monotonic(), None
        try:
            with clock.at_work():
                async with (
                    self._poller.asking(waiting),
                    self._session.get(
                        poll.url, headers=poll.opening.call.headers, allow_redirects=False, proxy=poll.proxy
                    ) as response,
                ):
                    status = response.status
                    if poll.proxy and status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                        raise self._network.proxy_error(poll.opening.call.url, status, response.reason or "")
                    if status == HTTPStatus.ACCEPTED and operation.answers.get(status, status) is None:
                        if not from_aiohttp.is_short(response):
                            await from_aiohttp.answer(response, None)
                        else:
                            await response.read()
                        return _STILL_PENDING
                    reply = await from_aiohttp.answer(response, None)
                    report = self.budget.answered(reply, clock.monotonic() - sent)
            if report:
                await self._coordinate(report)
        except errors.GettyError as error:
            reply = error
        except (aiohttp.ClientError, TimeoutError, ConnectionError, ValueError) as error:
            reply = from_aiohttp.failure(error, str(poll.url), self._network, is_answered=status is not None)
        finally:
            self._observer.requested(operation.name, status)
        waiting.poll = None  # the next conversation may lead elsewhere
        return await self._drive(
            self._protocol.opened(operation, poll.opening, reply), operation.name, waiting=waiting
        )

    async def _drive(self, conversation: Conversation[ResultT], name: str, **how: Any) -> ResultT:
        """Hold the conversation; for ``how`` see :meth:`_send`."""

        async def do(step: Send | NewToken | Pause | Command) -> Any:
            match step:
                case Send(call):
                    return await self._send(call, name, **how)
                case NewToken(refused):
                    await self._renew_token(refused)
                case Pause(seconds):
                    await clock.pause(seconds)
                case Command():
                    return await self._coordinate(step)
            return None

        return await drive_async(conversation, do)

    async def _renew_token(self, refused: str | None) -> None:
        since = clock.monotonic()
        async with self._token_lock:
            if self._protocol.needs_token(refused, since):
                try:
                    await self._drive(self._protocol.renew_token(refused), "token")
                except errors.AuthenticationError:
                    if not await self._has_new_secret():
                        raise
                    await self._drive(self._protocol.renew_token(refused), "token")
                if self._on_token and self._protocol.token:
                    await self._on_token(self._protocol.token)

    async def _has_new_secret(self) -> bool:
        """Whether the account's source has a secret other than the refused one; if so, it is used from now on."""
        if self._reread is None or not self._protocol.may_reread_account():
            return False
        return self._protocol.use_secret_of(await self._reread())

    async def _send(
        self,
        call: Call,
        name: str,
        *,
        before_send: Callable[[], Awaitable[None]] | None = None,
        ends: float = math.inf,
        waiting: Waiting | None = None,
    ) -> Answer:
        """Make a call when its turn has come.

        :param ends: when to give up (Unix time).
        :param waiting: the wait whose poll it belongs to, if any.
        """
        proxy = self._network.proxy_for(call.url)
        await self._take_turn()
        if before_send:
            await before_send()
        sent, status = clock.monotonic(), None
        limits = self._limits(ends, sent=len(call.body or b""), is_image=call.into is not None)
        session = self._session if call.method == "GET" else self._calls
        try:
            with clock.at_work():
                async with (
                    self._poller.asking(waiting) if waiting else nullcontext(),
                    session.request(
                        call.method,
                        call.url,
                        headers=call.headers,
                        data=_streamed(call.body),
                        allow_redirects=False,
                        timeout=limits,
                        proxy=proxy,
                    ) as response,
                ):
                    status = response.status
                    if proxy and status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                        raise self._network.proxy_error(call.url, status, response.reason or "")
                    answer = await from_aiohttp.answer(response, call.into)
                    self.ahead_of_getty = answer.seconds_behind(clock.now(), self.ahead_of_getty)
                    report = self.budget.answered(answer, clock.monotonic() - sent)
        except (aiohttp.ClientError, TimeoutError, ConnectionError, ValueError) as error:
            failure = from_aiohttp.failure(error, call.url, self._network, is_answered=status is not None)
        else:
            if report:
                await self._coordinate(report)
            return answer
        finally:
            self._observer.requested(name, status)
        # Raised outside of the handler: the exceptions of aiohttp may show the URL, which may be signed.
        raise failure

    async def _take_turn(self) -> None:
        # The event loop has to run once to notice which pooled connections were closed since the last call.
        await clock.pause(0)
        number = self.budget.queue()
        try:
            # Only the first in line asks: an answer to the others would be out of date when it is their turn.
            async with self._first_in_line:
                while wait := self.budget.take_call(number):
                    if isinstance(wait, Booking):
                        await self._book(wait)
                    else:
                        await clock.pause(wait)
        finally:
            self.budget.leave(number)

    async def _book(self, booking: Booking) -> None:
        outcome: object = None
        try:
            outcome = await self._link.run(booking.command) if self._link else None
        except CoordinatorError as error:
            outcome = error
        finally:
            self.budget.booked(booking, outcome)

    async def _coordinate(self, command: Command) -> Any:
        """Return the reply of Redis; None while it is unavailable."""
        if self._link is None or not self.budget.is_coordinated:
            return None
        try:
            return await self._link.run(command)
        except CoordinatorError as error:
            self.budget.lost(error)
            return None


def _link(account: Account) -> AsyncLink | None:
    if account.coordinator is None:
        return None
    from airflow_provider_getty.api.redis_link import AsyncLink  # noqa: PLC0415 - needs the extra `redis`

    return AsyncLink(account.coordinator)


class _Connector(aiohttp.TCPConnector):
    """Reports to the budget which requests waited for a connection, and so left later than planned."""

    def __init__(self, budget: RequestBudget, **options: Any) -> None:
        super().__init__(**options)
        self._budget = budget

    async def connect(self, *arguments: Any, **named: Any) -> Any:
        asked = clock.monotonic()
        connection = await super().connect(*arguments, **named)
        if (late := clock.monotonic() - asked) > _LATE:
            self._budget.sent_late(late)
        return connection


def _streamed(body: bytes | None) -> bytes | BytesIO | None:
    """Stream a large body in pieces, so that it does not block the event loop."""
    return BytesIO(body) if body is not None and len(body) >= _LARGE else body
