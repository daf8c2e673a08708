"""A scripted Getty: each call of a conversation gets the next answer, and is recorded."""

from __future__ import annotations

import json
import traceback
from collections import deque
from functools import partial
from typing import Any, TypeVar

import pytest

from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.protocol import Call, Conversation, NewToken, Protocol, Send

ResultT = TypeVar("ResultT")

SIGNED_URL = "https://delivery.gettyimages.com/image.jpg?Signature=signed-secret"
SECRETS = ("key-secret", "client-secret", "token-secret", "signed-secret")

ID = "6f2d0f5c-8a3b-4f4e-9d55-0c7a3ce0a111"
MASK_URL = "https://api.gettyimages.com/v3/search/by-image/uploads/mask.jpg"
PENDING = {"generation_request_id": ID}
COMPLETED = {"generation_request_id": ID, "results": [{"index": 0, "url": SIGNED_URL}]}


def account(**changes: Any) -> Account:
    """An account whose secrets are recognizable."""
    return Account(**{"api_key": "key-secret", "api_secret": "client-secret"} | changes)


def answer(status: int, document: Any = None, **headers: str) -> Answer:
    """A JSON answer; headers are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b"" if document is None else json.dumps(document).encode()
    return Answer(status, {"content-type": "application/json"} | named, body, len(body))


def error(status: int, code: str = "", message: str = "") -> Answer:
    """An error of Getty's service."""
    return answer(status, {"ErrorCode": code, "ErrorMessage": message})


def token(number: int = 1, expires_in: object = 1800) -> Answer:
    """The answer of the token server."""
    return answer(200, {"access_token": f"token-secret-{number}", "expires_in": expires_in})


class Clock:
    """A clock that the test advances."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class ScriptedGetty:
    """Drives conversations as the clients do."""

    def __init__(self, *script: Answer | GettyError, dialect: Dialect = Dialect.AUTO, **changes: Any) -> None:
        self.script = deque(script)
        self.clock = Clock()
        self.protocol = Protocol(account(dialect=dialect, **changes), monotonic=self.clock)
        self.calls: list[Call] = []

    def ask(self, operation: Operation[ResultT], *script: Answer | GettyError) -> ResultT:
        """Run the conversation to its end, which must be the end of the script."""
        self.script.extend(script)
        try:
            return self.drive(self.protocol.ask(operation))
        finally:
            assert not self.script, "the conversation ended before the script"

    def failure(self, operation: Operation[Any], *script: Answer | GettyError) -> GettyError:
        """The error that ends the conversation. It must not contain any secret."""
        with pytest.raises(GettyError) as caught:
            self.ask(operation, *script)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert not [secret for secret in SECRETS if secret in shown]
        return caught.value

    def drive(self, conversation: Conversation[ResultT]) -> ResultT:
        """Drive one conversation."""
        proceed = partial(next, conversation)
        try:
            while True:
                step = proceed()
                try:
                    proceed = partial(conversation.send, self._perform(step))
                except GettyError as failure:
                    proceed = partial(conversation.throw, failure)
        except StopIteration as stop:
            ended: ResultT = stop.value
            return ended

    def _perform(self, step: Send | NewToken) -> Answer | None:
        match step:
            case NewToken(refused):
                if self.protocol.needs_token(refused, self.clock.now):
                    self.drive(self.protocol.fetch_token())
                return None
            case Send(call):
                self.calls.append(call)
                assert self.script, f"an unexpected call: {call.method} {call.url}"
                coming = self.script.popleft()
                if isinstance(coming, GettyError):
                    raise coming
                return coming

    @property
    def urls(self) -> list[str]:
        """The targets of the calls, except for tokens."""
        return [call.url for call in self.calls if call.url != self.protocol.account.token_url]

    @property
    def bodies(self) -> list[Any]:
        """The sent JSON."""
        return [
            json.loads(call.body or b"")
            for call in self.calls
            if call.headers.get("Content-Type") == "application/json"
        ]

    @property
    def tokens(self) -> list[str | None]:
        """The tokens of the calls, in order, without the calls for tokens themselves."""
        return [
            call.headers.get("Authorization")
            for call in self.calls
            if call.url != self.protocol.account.token_url
        ]
