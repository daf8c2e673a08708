"""The access token: when it is fetched, how long it is used, and what a refusal brings."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.errors import (
    AuthenticationError,
    Credit,
    QueriesPerSecondError,
    UnexpectedAnswerError,
)
from airflow_provider_getty.api.operations import GetGeneration, ListProducts, Refine
from airflow_provider_getty.api.protocol import NewToken, Send
from tests.support.scripted_getty import COMPLETED, ID, MASK_URL, ScriptedGetty, answer, token

REFINE = Refine(image_id="1473240153", mask_url=MASK_URL, prompt="a boat")
POLL = GetGeneration(generation_request_id=ID)
UNAUTHORIZED = answer(401, {"message": "Unauthorized"})
ONE, TWO = "Bearer token-secret-1", "Bearer token-secret-2"


def test_the_token_is_asked_for_with_the_client_credentials() -> None:
    getty = ScriptedGetty()
    getty.ask(ListProducts(), token(), answer(200, {"products": []}))
    call = getty.calls[0]
    assert (call.method, call.url) == ("POST", "https://authentication.gettyimages.com/oauth2/token")
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Api-Key" not in call.headers
    assert parse_qs((call.body or b"").decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["key-secret"],
        "client_secret": ["client-secret"],
    }


@pytest.mark.parametrize("expires_in", [1800, "1800", 1800.0])
def test_a_token_is_used_until_a_minute_before_it_expires(expires_in: object) -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    getty.ask(POLL, token(1, expires_in), answer(202))
    getty.clock.now += 1739.9
    getty.ask(POLL, answer(202))
    getty.clock.now += 0.1
    getty.ask(POLL, token(2), answer(202))
    assert getty.tokens == [ONE, ONE, TWO]


def test_a_token_that_lives_shorter_than_the_margin_is_used_for_half_its_life() -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    getty.ask(POLL, token(1, 30), answer(202))
    getty.clock.now += 14.9
    getty.ask(POLL, answer(202))
    getty.clock.now += 0.1
    getty.ask(POLL, token(2), answer(202))


@pytest.mark.parametrize(
    "grant",
    [
        {},
        [],
        None,
        {"access_token": "", "expires_in": 1800},
        {"access_token": {"token-secret": 1}, "expires_in": 1800},
        {"access_token": "token-secret\nX-Other: 1"},
        {"access_token": "token-secret-€"},
    ],
)
def test_a_grant_without_a_token_is_an_error(grant: object) -> None:
    failure = ScriptedGetty().failure(REFINE, answer(200, grant))
    assert isinstance(failure, UnexpectedAnswerError)
    assert str(failure).startswith(
        "Access token: Getty answered 200 (application/json), which cannot be used"
    )
    assert failure.credit is Credit.UNUSED


ODD_LIFETIMES: list[Any] = [None, "soon", 0, float("nan"), 10**400, []]


@pytest.mark.parametrize("lifetime", [{}, *({"expires_in": odd} for odd in ODD_LIFETIMES)])
def test_a_token_without_a_readable_lifetime_is_used_for_as_long_as_documented(
    lifetime: dict[str, Any],
) -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    getty.ask(POLL, answer(200, {"access_token": "one", **lifetime}), answer(202))
    getty.clock.now += 1_700
    getty.ask(POLL, answer(202))
    getty.clock.now += 100
    getty.ask(POLL, token(2), answer(202))


def test_of_many_refusals_at_once_only_the_first_has_the_account_read_again() -> None:
    getty = ScriptedGetty()
    assert [getty.protocol.may_reread_account() for _ in range(3)] == [True, False, False]
    getty.clock.now += 10
    assert getty.protocol.may_reread_account()


def test_a_401_brings_exactly_one_new_token() -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    assert getty.ask(POLL, token(1), UNAUTHORIZED, token(2), answer(200, COMPLETED))
    assert getty.tokens == [ONE, TWO]
    assert getty.calls[1].body == getty.calls[3].body


def test_a_401_in_spite_of_a_new_token_is_an_authentication_error() -> None:
    failure = ScriptedGetty(dialect=Dialect.CURRENT).failure(
        REFINE, token(1), UNAUTHORIZED, token(2), UNAUTHORIZED
    )
    assert isinstance(failure, AuthenticationError)
    assert (failure.credit, failure.may_retry) == (Credit.UNUSED, False)


@pytest.mark.parametrize("status", [403, 429])
def test_too_many_queries_at_the_token_server_are_no_refused_credential(status: int) -> None:
    limit = answer(status, {"message": "No"}, x_error_detail="Account Over Queries Per Second Limit")
    failure = ScriptedGetty().failure(REFINE, limit)
    assert type(failure) is QueriesPerSecondError
    assert failure.may_retry


def test_a_token_that_is_refused_just_as_it_expires_is_replaced_as_well() -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    conversation = getty.protocol.ask(POLL)
    assert next(conversation) == NewToken(None)
    getty.script.append(token(1))
    getty.drive(getty.protocol.fetch_token())
    assert isinstance(conversation.send(None), Send)
    getty.clock.now += 1745
    assert conversation.send(UNAUTHORIZED) == NewToken("token-secret-1")
    assert getty.protocol.needs_token("token-secret-1", getty.clock.now)


def test_a_token_that_another_thread_has_replaced_is_not_fetched_again() -> None:
    getty = ScriptedGetty(token(1), token(2), dialect=Dialect.CURRENT)
    getty.drive(getty.protocol.fetch_token())
    conversation = getty.protocol.ask(POLL)
    assert _bearer(next(conversation)) == ONE
    assert conversation.send(UNAUTHORIZED) == NewToken("token-secret-1")
    getty.drive(getty.protocol.fetch_token())  # the other thread
    assert not getty.protocol.needs_token("token-secret-1", getty.clock.now)
    assert _bearer(conversation.send(None)) == TWO


def _bearer(step: object) -> str:
    assert isinstance(step, Send)
    return step.call.headers["Authorization"]
