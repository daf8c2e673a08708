"""The sync client: drives the conversations of :mod:`.protocol` over one pooled ``requests`` session."""

from __future__ import annotations

import logging
import math
import random
import threading
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar

import requests
from urllib3.exceptions import HTTPError

from airflow_provider_getty.api import bodies, clock, errors, from_requests
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.adapter import Adapter, limits
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.bodies import total_seconds
from airflow_provider_getty.api.budget import budget_of
from airflow_provider_getty.api.coordinator import Command, CoordinatorError
from airflow_provider_getty.api.driving import drive
from airflow_provider_getty.api.fetching import fetch_image
from airflow_provider_getty.api.line import Booking
from airflow_provider_getty.api.network import network
from airflow_provider_getty.api.observing import Observer, Unobserved
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.patience import Patience, Pause
from airflow_provider_getty.api.polling import Polling
from airflow_provider_getty.api.protocol import (
    Call,
    Conversation,
    NewToken,
    Protocol,
    Send,
)
from airflow_provider_getty.api.results import StillPending
from airflow_provider_getty.api.schedule import Schedules

if TYPE_CHECKING:
    from airflow_provider_getty.api.redis_link import Link

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Treat no answer as a redirect: requests would read its whole body and parse its target."""


class GettyClient:
    """Speaks to Getty on behalf of one account. Thread-safe; close it, or use it as a context manager.

    :param account: whose credentials are used.
    :param on_token: receives each new access token, to mask it in logs.
    :param observer: receives each request.
    :param reread: reads the account again after its secret was refused, as it may have been rotated.
    """

    def __init__(
        self,
        account: Account,
        *,
        on_token: Callable[[str], None] | None = None,
        observer: Observer | None = None,
        reread: Callable[[], Account] | None = None,
    ) -> None:
        self.account = account
        self.ahead_of_getty = 0.0
        """Seconds by which this machine's clock is ahead of Getty's, by its last answer; 0 before the first."""
        self._protocol = Protocol(account)
        self._on_token = on_token
        self._reread = reread
        self._token_lock = threading.Lock()
        self._observer = observer or Unobserved()
        self._budget = budget_of(account)
        self._link = _link(account)
        self._schedules = Schedules()
        self._network = network()
        self._session = _Session()
        self._session.trust_env = False  # Network reads the environment
        self._session.headers["Accept-Encoding"] = "gzip"  # which a Decoder reads
        self._session.auth = lambda request: request  # or a ~/.netrc would replace the token
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, Adapter(self._network.tls))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()
        if self._link:
            self._link.close()

    def ask(
        self,
        operation: Operation[ResultT],
        *,
        deadline: float | None = None,
        not_for: tuple[type[errors.GettyError], ...] = (),
        before_send: Callable[[], None] | None = None,
    ) -> ResultT:
        """Perform the operation.

        :param deadline: until when (``time.time()``) temporary failures are retried: 429, 409, 5xx and
            broken connections, unless a credit could be used twice. None: fail at once.
        :param not_for: errors that are not retried.
        :param before_send: called right before the request is sent; if it raises, nothing is sent.
        :raises GettyError: the operation failed.
        """
        return self._drive(
            self._protocol.ask(operation, Patience(deadline, not_for)), operation.name, before_send
        )

    def _poll(self, operation: Operation[ResultT], deadline: float) -> ResultT:
        """Poll once, and give up soon after the deadline if the answer is slow."""
        return self._drive(self._protocol.ask(operation), operation.name, ends=bodies.soon_after(deadline))

    def wait_for(
        self,
        operation: Operation[ResultT | StillPending],
        *,
        deadline: float,
        interval: float | None = None,
        submitted: float | None = None,
        first_poll_in: float = 0.0,
        kind: str = "",
    ) -> ResultT:
        """Poll a generation or a download until it is finished.

        :param operation: the poll.
        :param deadline: when to give up (``time.time()``).
        :param interval: a fixed number of seconds between polls. None: by the age of the generation or download.
        :param submitted: when it was submitted (``time.time()``). None: now.
        :param first_poll_in: the least number of seconds before the first poll; 0: poll at once.
        :param kind: the kind of operation; typical durations are learned for each kind.
        :raises DeadlineExceededError: it is not finished in time.
        :raises GettyError: it failed for good.
        """
        kind = f"{operation.name} {kind}"
        schedule = self._schedules[kind]
        self._drive(self._protocol.recall(kind, schedule), operation.name)
        polling = Polling(
            operation.asked,
            submitted=clock.now() if submitted is None else submitted,
            deadline=deadline,
            interval=interval,
            schedule=schedule,
        )
        log.info("%s", polling.announcement(now=clock.now()))
        clock.sleep(polling.first(first_poll_in, now=clock.now(), jitter=random.random()))  # noqa: S311
        while True:
            outcome: StillPending | errors.GettyError
            try:
                answer = self._poll(operation, deadline)
                if not isinstance(answer, StillPending):
                    polling.finished(now=clock.now())
                    self._drive(self._protocol.share_learned(kind, schedule), operation.name)
                    log.info("%s", polling.summary(now=clock.now()))
                    return answer
                outcome = answer
            except errors.GettyError as error:
                outcome = error
            delay = polling.after(outcome, now=clock.now(), jitter=random.random())  # noqa: S311
            if polling.remark:
                log.warning("%s", polling.remark)
            clock.sleep(delay)

    def fetch_image(self, url: str, into: BinaryIO, *, asked: str, deadline: float = math.inf) -> int:
        """Stream an image from its signed URL into a file, and return its length in bytes.

        :param deadline: when to give up (``time.time()``), with :data:`.bodies.LAST_POLL_WITHIN` seconds of grace.
        :raises DownloadError: it did not arrive complete.
        """
        return self._drive(fetch_image(url, into, asked=asked), "image", ends=bodies.soon_after(deadline))

    def _drive(
        self,
        conversation: Conversation[ResultT],
        name: str,
        before_send: Callable[[], None] | None = None,
        ends: float = math.inf,
    ) -> ResultT:
        def do(step: Send | NewToken | Pause | Command) -> Any:
            match step:
                case Send(call):
                    return self._send(call, name, before_send, ends)
                case NewToken(refused):
                    self._renew_token(refused)
                case Pause(seconds):
                    clock.sleep(seconds)
                case Command():
                    return self._coordinate(step)
            return None

        return drive(conversation, do)

    def _renew_token(self, refused: str | None) -> None:
        since = clock.monotonic()
        with self._token_lock:
            if self._protocol.needs_token(refused, since):
                try:
                    self._drive(self._protocol.renew_token(refused), "token")
                except errors.AuthenticationError:
                    if not self._has_new_secret():
                        raise
                    self._drive(self._protocol.renew_token(refused), "token")
                if self._on_token and self._protocol.token:
                    self._on_token(self._protocol.token)

    def _has_new_secret(self) -> bool:
        """Whether the account's source has a secret other than the refused one; if so, it is used from now on."""
        if self._reread is None or not self._protocol.may_reread_account():
            return False
        return self._protocol.use_secret_of(self._reread())

    def _send(self, call: Call, name: str, before_send: Callable[[], None] | None, ends: float) -> Answer:
        proxy = self._network.proxy_for(call.url)
        self._take_turn()
        if before_send:
            before_send()
        sent, status = clock.monotonic(), None
        total = total_seconds(
            self.account.timeout, sent=len(call.body or b""), is_image=call.into is not None
        )
        total = min(total, ends - clock.now())
        try:
            with (
                clock.at_work(),
                limits(ends=sent + total, is_fresh=call.method != "GET"),
                self._session.request(
                    call.method,
                    call.url,
                    headers=dict(call.headers),
                    data=call.body,
                    timeout=max(0.001, min(self.account.timeout, total)),
                    allow_redirects=False,
                    stream=True,
                    proxies={"all": proxy} if proxy else {},
                ) as response,
            ):
                status = response.status_code
                if proxy and status == requests.codes.proxy_authentication_required:
                    raise self._network.proxy_error(call.url, status, response.reason or "")
                answer = from_requests.answer(response, call.into, sent + total)
                self.ahead_of_getty = answer.seconds_behind(clock.now(), self.ahead_of_getty)
                if report := self._budget.answered(answer, clock.monotonic() - sent):
                    self._coordinate(report)
                return answer
        except (requests.RequestException, HTTPError, ValueError) as error:
            failure = from_requests.failure(error, call.url, self._network, is_answered=status is not None)
        finally:
            self._observer.requested(name, status)
        # Raised outside of the handler: the exceptions of requests show the URL, which may be signed.
        raise failure

    def _take_turn(self) -> None:
        number = self._budget.queue()
        try:
            while wait := self._budget.take_call(number):
                if isinstance(wait, Booking):
                    self._book(wait)
                else:
                    clock.sleep(wait)
        finally:
            self._budget.leave(number)

    def _book(self, booking: Booking) -> None:
        outcome: object = None
        try:
            outcome = self._link.run(booking.command) if self._link else None
        except CoordinatorError as error:
            outcome = error
        finally:
            self._budget.booked(booking, outcome)

    def _coordinate(self, command: Command) -> Any:
        """Return the reply of Redis; None while it is unavailable."""
        if self._link is None or not self._budget.is_coordinated:
            return None
        try:
            return self._link.run(command)
        except CoordinatorError as error:
            self._budget.lost(error)
            return None


def _link(account: Account) -> Link | None:
    if account.coordinator is None:
        return None
    from airflow_provider_getty.api.redis_link import Link  # noqa: PLC0415 - needs the extra `redis`

    return Link(account.coordinator)
