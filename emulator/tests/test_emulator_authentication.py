"""Keys, tokens, and what is refused before an operation is reached."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from emulator.tests.support.emulator_client import Client, Start

TOKEN_FORM = {"grant_type": "client_credentials", "client_id": "demo-key", "client_secret": "demo-secret"}
UNAUTHORIZED = {"message": "Unauthorized"}


@pytest.mark.parametrize("path", ["/oauth2/token", "/v4/oauth2/token"])
def test_a_token_is_a_bearer_for_1800_seconds(getty: Client, path: str) -> None:
    answer = requests.post(getty.emulator.url + path, data=TOKEN_FORM, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 1800


def test_the_credentials_may_come_as_http_basic(getty: Client) -> None:
    form = {"grant_type": "client_credentials"}
    url = f"{getty.emulator.url}/oauth2/token"
    assert requests.post(url, data=form, auth=("demo-key", "demo-secret"), timeout=5).status_code == 200
    assert requests.post(url, data=form, auth=("demo-key", "wrong"), timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused_in_the_words_of_oauth(
    getty: Client, change: dict[str, Any], status: int, error: str
) -> None:
    answer = requests.post(f"{getty.emulator.url}/oauth2/token", data=TOKEN_FORM | change, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize("key", [None, "nobody"])
def test_a_missing_or_wrong_key_is_refused_by_the_gateway(getty: Client, key: str | None) -> None:
    answer = getty.call("GET", "/v3/products", headers={"Api-Key": key})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic abc", "Bearer "])
def test_a_missing_or_wrong_token_is_refused_by_the_service(getty: Client, authorization: str | None) -> None:
    answer = getty.call("GET", "/v3/products", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/vnd.getty.error+json"
    assert answer.json()["ErrorCode"] == "AuthorizationTokenRequired"


def test_a_token_expires_after_half_an_hour(getty: Client) -> None:
    assert getty.call("GET", "/v3/products").status_code == 200
    getty.emulator.advance(1799)
    assert getty.call("GET", "/v3/products").status_code == 200
    getty.emulator.advance(2)
    assert getty.call("GET", "/v3/products").status_code == 401


def test_a_token_of_another_account_is_refused(start: Start) -> None:
    getty = start(other_accounts=(("other-key", "other-secret"),))
    answer = getty.call("GET", "/v3/products", headers={"Api-Key": "other-key"})
    assert answer.json()["ErrorCode"] == "AuthorizationTokenRequired"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v3/nothing"), ("DELETE", "/v3/products"), ("GET", "/v3/products/"), ("POST", "/")],
)
def test_an_unmatched_route_or_method_is_answered_as_getty_s_gateway_does(
    getty: Client, method: str, path: str
) -> None:
    answer = getty.call(method, path)
    if path == "/":
        assert answer.status_code == 405
    else:
        assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_every_answer_has_a_request_id_of_its_own(getty: Client) -> None:
    paths = ["/v3/products", "/v3/nothing", "/oauth2/token"]
    ids = {getty.call("GET", path).headers["x-amzn-requestid"] for path in paths}
    assert len(ids) == len(paths)


def test_queries_per_second_are_limited_for_each_account(start: Start) -> None:
    getty = start(queries_per_second=3, other_accounts=(("other-key", "other-secret"),))
    getty.token()
    answers = [getty.call("GET", "/v3/products") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    refused = answers[-1]
    assert refused.json() == {"message": "Too Many Requests"}
    assert refused.headers["Content-Type"] == "application/json"
    assert refused.headers["X-Error-Detail"] == "Account Over Queries Per Second Limit"
    assert "Retry-After" not in refused.headers
    form = {"grant_type": "client_credentials", "client_id": "other-key", "client_secret": "other-secret"}
    assert requests.post(f"{getty.emulator.url}/oauth2/token", data=form, timeout=5).status_code == 200
    assert requests.post(f"{getty.emulator.url}/oauth2/token", data=TOKEN_FORM, timeout=5).status_code == 429


def test_a_rotated_secret_ends_the_old_one_and_its_tokens(getty: Client) -> None:
    getty.token()
    getty.emulator.configure_account(secret="new")
    refused = getty.call("GET", "/v3/products")
    assert refused.status_code == 401
    form = {"grant_type": "client_credentials", "client_id": getty.key, "client_secret": getty.secret}
    url = f"{getty.emulator.url}/oauth2/token"
    assert getty.session.post(url, data=form).status_code in {400, 401}
    assert getty.session.post(url, data=form | {"client_secret": "new"}).status_code == 200
