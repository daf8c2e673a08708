"""The conversation with Getty, without I/O.

A conversation is a generator. It yields steps (:class:`Send` a call, get a :class:`NewToken`,
:class:`~.patience.Pause`, have Redis run a :class:`~.coordinator.Command`), is sent the outcome of each, and returns
the result. :mod:`.client` drives it over ``requests`` and :mod:`.aio` over ``aiohttp``; all decisions are made here.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlencode

from airflow_provider_getty.api import clock, dialects, errors
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.coordinator import Command, Coordinator
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.operations import (
    Credentials,
    GeneratingOperation,
    GetGeneration,
    ImageOperation,
    NoImages,
    Operation,
)
from airflow_provider_getty.api.patience import Patience, Pause, repeated
from airflow_provider_getty.api.results import AccessToken, Generation, Pending
from airflow_provider_getty.api.schedule import Schedule

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

# A token is not used in its last minute, so that it does not expire in transit.
_TOKEN_MARGIN = 60.0
_REREAD_EVERY = 10.0
_NEVER_SENT = (errors.ConnectionFailedError, errors.ConfigurationError, errors.InvalidRequestError)
_NO_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request.

    :param into: a binary file into which the body of a 200 is streamed, instead of into :attr:`Answer.body`.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    into: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Make the call without following redirects; send back its answer, or throw in its error."""

    call: Call


@dataclass(frozen=True, slots=True)
class NewToken:
    """Drive :meth:`Protocol.renew_token`; throw in its error, if any.

    One at a time, and only if :meth:`Protocol.needs_token` is still true.

    :param refused: the token that Getty refused, if any.
    """

    refused: str | None = field(repr=False)


Conversation = Generator[Send | NewToken | Pause | Command, Any, ResultT]


@dataclass(frozen=True, slots=True)
class Opening:
    """The first call of a conversation, made before the conversation begins."""

    call: Call
    dialect: Dialect
    token: str | None = field(repr=False)


_Opened = tuple[Opening, Answer | errors.GettyError]


class Protocol:
    """The conversations of one account.

    :param monotonic: a clock, in seconds, for the lifetime of the token.
    """

    def __init__(self, account: Account, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self.account = account
        self._monotonic = monotonic
        self._token: str | None = None
        self._token_good_until = 0.0
        self._reread_after = 0.0
        self._no_token: tuple[float, errors.GettyError] | None = None

    @property
    def token(self) -> str | None:
        """The access token, unless it is about to expire."""
        return self._token if self._monotonic() < self._token_good_until else None

    def needs_token(self, refused: str | None, since: float) -> bool:
        """Whether a token has to be fetched; False if another thread has already replaced the refused one.

        :param since: when the caller began to wait for its turn, in seconds of ``monotonic``.
        :raises GettyError: another thread could not get one meanwhile. Otherwise all who wait would meet the same
            failure one after the other.
        """
        if self.token not in (None, refused):
            return False
        if self._no_token and self._no_token[0] > since:
            raise self._no_token[1].with_context()
        return True

    def may_reread_account(self) -> bool:
        """Whether to read the account's source again after its secret was refused.

        Thousands of waiting triggers see the same refusal: only the first one in ten seconds reads the source.
        """
        if self._monotonic() < self._reread_after:
            return False
        self._reread_after = self._monotonic() + _REREAD_EVERY
        return True

    def use_secret_of(self, account: Account) -> bool:
        """Switch to the secret of this account; False if it is already in use, or belongs to another account."""
        renewed = replace(self.account, api_secret=account.api_secret)
        same = (account.api_key, account.token_url) == (self.account.api_key, self.account.token_url)
        if not same or renewed == self.account:
            return False
        log.info("The API secret was refused; the connection has another one, which is used from now on.")
        self.account = renewed
        return True

    def ask(self, operation: Operation[ResultT], patience: Patience = _NO_PATIENCE) -> Conversation[ResultT]:
        """Perform the operation, and repeat it while there is patience with its errors.

        :raises GettyError: the operation failed.
        """
        return repeated(lambda: self._ask(operation), patience)

    def opening(self, operation: Operation[Any]) -> Opening | None:
        """Return the first call of a conversation; None if it needs a token first."""
        operation = operation.completed_by(self.account)
        needs_token = operation.credentials is Credentials.KEY_AND_TOKEN
        token = self.token if needs_token else None
        if needs_token and token is None:
            return None
        dialect = dialects.forms(self.account, operation)[0]
        return Opening(_with_token(self._call(operation, dialect), token), dialect, token)

    def opened(
        self, operation: Operation[ResultT], opening: Opening, reply: Answer | errors.GettyError
    ) -> Conversation[ResultT]:
        """Perform the operation, whose first call has been answered.

        :raises GettyError: the operation failed.
        """
        return self._ask(operation, (opening, reply))

    def _ask(self, operation: Operation[ResultT], opened: _Opened | None = None) -> Conversation[ResultT]:
        operation.check(self.account)
        operation = operation.completed_by(self.account)
        forms = dialects.forms(self.account, operation)
        first = opened[0].dialect if opened else forms[0]
        others = [form for form in forms if form is not first]
        answer = yield from self._authorized(operation, first, opened)
        if others and dialects.is_unknown_form(operation, answer):
            refused, answer = answer, (yield from self._authorized(operation, others[0]))
            if dialects.is_unknown_form(operation, answer):
                raise dialects.refused_in_both(operation, refused, answer)
            first = others[0]
        if others and answer.status in operation.answers:
            dialects.learn(self.account, operation, first)
        if not self.account.coordinator:
            return _result(operation, answer, first)
        try:
            result = _result(operation, answer, first)
        except errors.ConcurrentGenerationsError:
            yield Coordinator(self.account).full()
            raise
        yield from self._count(operation, result)
        return result

    def _count(self, operation: Operation[Any], result: Any) -> Conversation[None]:
        """Tell other processes which generations are pending."""
        if isinstance(operation, GeneratingOperation) and isinstance(result, Pending):
            yield Coordinator(self.account).began(result.generation_request_id)
        elif isinstance(operation, GetGeneration) and isinstance(result, Generation):
            yield Coordinator(self.account).finished(operation.generation_request_id)

    def reserve_slot(self) -> Conversation[bool]:
        """Reserve a slot among the account's pending generations; False if none is known to be free."""
        return bool((yield Coordinator(self.account).reserve(uuid.uuid4().hex)))

    def renew_token(self, refused: str | None) -> Conversation[None]:
        """Take the access token that another process has shared; if there is none, fetch and share a new one.

        :param refused: a token that Getty no longer accepts.
        """
        coordinator = Coordinator(self.account) if self.account.coordinator else None
        if coordinator and (shared := coordinator.token_in((yield coordinator.token()))):
            token, lifetime = shared
            if token != refused and lifetime > _TOKEN_MARGIN:
                self._use(token, lifetime)
                return
        try:
            lifetime = yield from self.fetch_token()
        except errors.GettyError as error:
            self._no_token = self._monotonic(), error
            raise
        if coordinator and self._token:
            yield coordinator.share_token(self._token, lifetime)

    def recall(self, kind: str, schedule: Schedule) -> Conversation[None]:
        """Teach a schedule, once, the durations that other processes have observed."""
        if self.account.coordinator and not schedule.is_recalled:
            schedule.is_recalled = True
            coordinator = Coordinator(self.account)
            schedule.recall(coordinator.learned_in((yield coordinator.learned(kind))))

    def share_learned(self, kind: str, schedule: Schedule) -> Conversation[None]:
        """Share the durations that a schedule has observed with other processes."""
        if self.account.coordinator and schedule.unshared:
            learned = list(schedule.unshared)
            schedule.unshared.clear()
            yield Coordinator(self.account).learn(kind, learned)

    def fetch_token(self) -> Conversation[float]:
        """Fetch an access token for the client credentials, and return its lifetime in seconds.

        Source: Getty's OAuth documentation.
        """
        form = {
            "grant_type": "client_credentials",
            "client_id": self.account.api_key,
            "client_secret": self.account.api_secret,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        call = Call("POST", self.account.token_url, headers, urlencode(form).encode())
        asked = "Access token"
        try:
            answer = yield from exchange(call)
        except errors.GettyError as error:
            raise error.with_context(asked=asked) from error.__cause__
        if answer.status in (400, 401, 403) and answer.kind is not errors.QueriesPerSecondError:
            raise answer.error(errors.AuthenticationError, asked=asked)
        if answer.status != HTTPStatus.OK:
            raise answer.error(asked=asked)
        try:
            granted = AccessToken.model_validate(answer.json())
        except ValueError as why:
            raise answer.unexpected(why, asked=asked) from None
        self._use(granted.access_token, granted.expires_in)
        return granted.expires_in

    def _use(self, token: str, lifetime: float) -> None:
        self._token = token
        self._token_good_until = self._monotonic() + lifetime - min(_TOKEN_MARGIN, lifetime / 2)

    def _call(self, operation: Operation[Any], dialect: Dialect) -> Call:
        call = Call(
            operation.method,
            self.account.base_url + operation.path(dialect),
            {"Accept": "application/json", "Api-Key": self.account.api_key},
            operation.body(dialect),
        )
        if call.body is not None:
            call = replace(call, headers={**call.headers, "Content-Type": operation.content_type})
        return call

    def _authorized(
        self, operation: Operation[Any], dialect: Dialect, opened: _Opened | None = None
    ) -> Conversation[Answer]:
        call = self._call(operation, dialect)
        credit = operation.committed
        try:
            if opened:
                credit, token = operation.at_risk, opened[0].token
                answer = _answer_of(opened[1])
            else:
                token = None
                if operation.credentials is Credentials.KEY_AND_TOKEN:
                    token = self.token or (yield from self._renewed_token(None))
                credit = operation.at_risk
                answer = yield from exchange(_with_token(call, token))
            if answer.status == HTTPStatus.UNAUTHORIZED:
                credit = operation.committed
                token = yield from self._renewed_token(token)
                credit = operation.at_risk
                answer = yield from exchange(_with_token(call, token))
        except errors.GettyError as error:
            if isinstance(error, _NEVER_SENT):
                credit = operation.committed
            asked = error.asked or operation.asked
            raise error.with_context(asked=asked, credit=credit) from error.__cause__
        return answer

    def _renewed_token(self, refused: str | None) -> Conversation[str | None]:
        yield NewToken(refused)
        return self._token


def exchange(call: Call) -> Conversation[Answer]:
    """Make the call and return its answer."""
    answer = yield Send(call)
    if answer is None:
        raise TypeError("The driver of a conversation answers a Send with an Answer.")
    return answer  # type: ignore[no-any-return]


def _answer_of(reply: Answer | errors.GettyError) -> Answer:
    if isinstance(reply, errors.GettyError):
        raise reply
    return reply


def _with_token(call: Call, token: str | None) -> Call:
    return replace(call, headers={**call.headers, "Authorization": f"Bearer {token}"}) if token else call


def _result(operation: Operation[ResultT], answer: Answer, dialect: Dialect) -> ResultT:
    # Only a refusal is certain to have had no effect. A redirect is one, except that a 303 may follow completed work.
    may_be_done = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SEE_OTHER)
    refused = answer.status // 100 in (3, 4) and answer.status not in may_be_done
    credit = operation.committed if refused else operation.at_risk
    if answer.status not in operation.answers:
        if answer.kind is errors.GoneError and credit is Credit.COMMITTED:
            credit = Credit.GONE
        raise answer.error(asked=operation.asked, credit=credit, advice=_advice(operation, answer, dialect))
    try:
        return operation.read(answer.status, _document(operation, answer))
    except NoImages as why:
        raise answer.unexpected(why, errors.NoImagesError, asked=operation.asked, credit=credit) from None
    except ValueError as why:
        raise answer.unexpected(why, asked=operation.asked, credit=credit) from None


def _advice(operation: Operation[Any], answer: Answer, dialect: Dialect) -> str | None:
    """Advice that depends on the operation; None: that of the error's class."""
    if isinstance(operation, ImageOperation) and answer.kind is errors.AuthenticationError:
        return f"{answer.kind.default_advice} Also check that the license agreement covers this image."
    return dialects.advice(operation, answer, dialect)


def _document(operation: Operation[Any], answer: Answer) -> Any:
    if operation.answers[answer.status] is not None:
        return answer.json()
    try:
        return answer.json()  # not needed, but it may help
    except ValueError:
        return None
