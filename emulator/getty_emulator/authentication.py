"""API keys, access tokens, and each key's limit on queries per second."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from getty_emulator.answers import gateway_error, service_error, too_many_queries
from getty_emulator.state import TOKEN_SECONDS, Token

if TYPE_CHECKING:
    from getty_emulator.answers import Refused
    from getty_emulator.operations.call import Call
    from getty_emulator.state import Account


def sign_in(call: Call) -> Account:
    """Return the account of the Api-Key header and count the query."""
    account = call.service.state.accounts.get(call.headers.get("api-key", ""))
    if account is None:
        raise gateway_error(401, "Unauthorized")
    count_query(call, account)
    return account


def count_query(call: Call, account: Account) -> None:
    """Refuse the call if the account has reached its queries per second. Refused calls do not count.

    Moving the clock has no effect here: the limit counts the source's seconds.
    """
    limit = account.queries_per_second
    if limit is None:
        return
    now = call.service.clock.elapsed()
    recent = account.recent_queries
    while recent and recent[0] <= now - 1:
        recent.popleft()
    if len(recent) >= limit:
        raise too_many_queries()
    recent.append(now)


def check_token(call: Call) -> None:
    """Refuse the call unless it has an unexpired token of its account."""
    scheme, _, presented = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        raise _unauthorized("The access token is missing")
    tokens = call.service.state.tokens
    token = tokens.get(presented.strip())
    if call.take("token-expired") and token is not None:
        token = tokens[token.text] = replace(token, expires_at=call.now())
        call.service.save(token)
    if token is None or token.account != call.account.key or token.expires_at <= call.now():
        raise _unauthorized("The access token is invalid or has expired")


def issue_token(call: Call, account: Account) -> str:
    """Create an access token and forget the expired ones."""
    state, now = call.service.state, call.now()
    for old in [text for text, token in list(state.tokens.items()) if token.expires_at <= now]:
        del state.tokens[old]
    token = Token(secrets.token_urlsafe(32), account.key, now + TOKEN_SECONDS)
    call.service.save(token)
    state.tokens[token.text] = token
    return token.text


def _unauthorized(problem: str) -> Refused:
    challenge = f'Bearer realm="Download",error="invalid_token",error_description="{problem}"'
    return service_error(401, "AuthorizationTokenRequired", problem, ("WWW-Authenticate", challenge))
