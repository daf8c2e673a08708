"""Runs the package's protocol on the emulator without sockets, for thousands of call sequences per minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from getty_emulator.in_process import Getty
from getty_emulator.in_process import NoAnswerError as NoReply

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.driving import drive
from airflow_provider_getty.api.errors import BadRequestError, NoAnswerError
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.paging import history_pages
from airflow_provider_getty.api.patience import Pause
from airflow_provider_getty.api.protocol import Conversation, NewToken, Protocol, Send
from airflow_provider_getty.api.results import HistoryItem

ResultT = TypeVar("ResultT")

FATES: dict[str, list[dict[str, Any]]] = {
    "answered": [{}],
    "done": [
        {"fault": "cut-after"},
        {"fault": "server-error", "status": 504, "work": "after"},
        {"fault": "other-status", "status": 303},
        {"fault": "html"},
        {"fault": "empty-body"},
        {"fault": "missing-id"},
    ],
    "lost": [
        {"fault": "cut-before"},
        {"fault": "server-error", "status": 503, "work": "before"},
        {"fault": "redirect", "status": 303},
    ],
    "refused": [
        {"fault": "quota-exceeded"},
        {"fault": "refuse", "status": 404},
        {"fault": "redirect", "status": 307, "to": "https://other.example"},
    ],
}
"""The fates of a POST, with the faults of the emulator that cause them."""


@dataclass
class DirectClient:
    """Like :class:`~.api.client.GettyClient`, with a function call instead of the network."""

    getty: Getty
    account: Account
    ahead_of_getty: float = 0.0
    _protocol: Protocol = field(init=False)

    def __post_init__(self) -> None:
        self._protocol = Protocol(self.account)

    def ask(
        self, operation: Operation[ResultT], *, before_send: Callable[[], None] | None = None, **_: Any
    ) -> ResultT:
        """Perform the operation."""
        return self._drive(self._protocol.ask(operation), before_send)

    def _drive(self, steps: Conversation[ResultT], before_send: Callable[[], None] | None = None) -> ResultT:
        def do(step: Any) -> Answer | None:
            match step:
                case Send(call):
                    if before_send:
                        before_send()
                    try:
                        reply = self.getty.handle(call.method, call.url, call.headers, call.body or b"")
                    except NoReply as cut:
                        raise NoAnswerError(f"There was no answer ({cut}).") from None
                    answer = Answer(reply.status, reply.headers, reply.body, len(reply.body))
                    self.ahead_of_getty = answer.seconds_behind(clock.now(), self.ahead_of_getty)
                    return answer
                case NewToken():
                    self._drive(self._protocol.fetch_token())
                case Pause(seconds):
                    clock.sleep(seconds)
            return None

        return drive(steps, do)


@dataclass
class AsyncDirectClient:
    """Like :class:`~.api.aio.AsyncGettyClient`."""

    direct: DirectClient

    @property
    def account(self) -> Account:
        """The account with the credentials."""
        return self.direct.account

    @property
    def ahead_of_getty(self) -> float:
        """Seconds by which the clock is ahead of Getty's."""
        return self.direct.ahead_of_getty

    async def ask(
        self,
        operation: Operation[ResultT],
        *,
        before_send: Callable[[], Awaitable[None]] | None = None,
        **_: Any,
    ) -> ResultT:
        """Perform the operation."""
        if before_send:
            await before_send()
        return self.direct.ask(operation)


@dataclass
class DirectHook:
    """The part of a hook that a submission needs, on such a client."""

    client: DirectClient

    @property
    def account(self) -> Account:
        """The account with the credentials."""
        return self.client.account

    def get_conn(self) -> DirectClient:
        """The client."""
        return self.client

    def history(self, since: datetime) -> Iterator[HistoryItem]:
        """The account's generations, newest first."""
        pages = history_pages(since=since)
        while pages.next:
            try:
                page = self.client.ask(pages.next)
            except BadRequestError as error:
                pages.refused(error)
            else:
                yield from pages.take(page)


@dataclass
class SettableClock:
    """A clock for a single thread that only waits move forward."""

    time: float = 1_767_225_600.0

    def now(self) -> float:
        """The time."""
        return self.time

    monotonic = now
    shared_now = now

    def sleep(self, seconds: float) -> None:
        """Advance the time immediately."""
        self.time += max(0.0, seconds)

    async def pause(self, seconds: float) -> None:
        """Advance the time immediately."""
        self.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Any:
        """Nothing here sets timers."""
        raise NotImplementedError

    def at_work(self) -> Any:
        """Work takes no time."""
        return nullcontext()
