"""POST /oauth2/token: the client-credentials grant."""

from __future__ import annotations

import base64
import binascii
import secrets
from urllib.parse import parse_qs, unquote_plus

from getty_emulator.answers import Answer, Refused, json_answer
from getty_emulator.authentication import count_query, issue_token
from getty_emulator.operations.call import Access, Call, Operation, Path
from getty_emulator.state import TOKEN_SECONDS

_NO_STORE = ("Cache-Control", "no-store")


async def token(call: Call) -> Answer:
    """Exchange an API key and its secret for an access token."""
    form = {
        name: values[0]
        for name, values in parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True).items()
    }
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise _oauth_error(400, "invalid_request", "The body must be application/x-www-form-urlencoded.")
    if "grant_type" not in form:
        raise _oauth_error(400, "invalid_request", "grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        raise _oauth_error(400, "unsupported_grant_type", "Only client_credentials is supported.")
    key, secret = (None if call.service.strict else _basic(call)) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    account = call.service.state.accounts.get(key)
    if account is None or not secrets.compare_digest(account.secret.encode(), secret.encode()):
        raise _oauth_error(401, "invalid_client", "The client id or the client secret is wrong.")
    call.signed_in = account
    count_query(call, account)
    content = {
        "access_token": issue_token(call, account),
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
    }
    return json_answer(200, content, _NO_STORE)


def _basic(call: Call) -> tuple[str, str] | None:
    """Read HTTP Basic credentials, whose two parts are form-encoded first (RFC 6749, 2.3.1)."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _oauth_error(401, "invalid_client", "The Authorization header is not HTTP Basic.") from None
    return unquote_plus(key), unquote_plus(secret)


def _oauth_error(status: int, error: str, description: str) -> Refused:
    headers = [_NO_STORE, ("WWW-Authenticate", "Basic")] if status == 401 else [_NO_STORE]  # noqa: PLR2004
    return Refused(json_answer(status, {"error": error, "error_description": description}, *headers))


OPERATIONS = (
    Operation(
        "token",
        "POST",
        (
            Path("/oauth2/token"),
            Path("/v4/oauth2/token", is_superseded=True),
            Path("/v4/oauth2/token/", is_superseded=True),
        ),
        Access.OPEN,
        token,
    ),
)
