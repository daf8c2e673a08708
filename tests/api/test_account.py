"""What an account accepts, and where its secrets may go."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.errors import ConfigurationError


def account(**changes: Any) -> Account:
    """An account with recognizable secrets."""
    return Account(**{"api_key": "the-key", "api_secret": "the-secret"} | changes)


def refusal(**changes: Any) -> str:
    """What is said about an account that cannot be used; never a secret."""
    with pytest.raises(ConfigurationError) as caught:
        account(**changes)
    shown = str(caught.value)
    assert "the-secret" not in shown
    assert shown.endswith("Correct the Airflow connection.")
    return shown


def test_by_default_an_account_is_gettys() -> None:
    getty = account()
    assert getty.base_url == "https://api.gettyimages.com"
    assert getty.token_url == "https://authentication.gettyimages.com/oauth2/token"
    assert getty.uploads_url == "https://api.gettyimages.com/v3/search/by-image/uploads/"
    assert getty.dialect is Dialect.AUTO


def test_another_host_grants_its_own_tokens() -> None:
    assert account(base_url="http://127.0.0.1:8900/").token_url == "http://127.0.0.1:8900/oauth2/token"
    elsewhere = account(base_url="https://proxy.example/getty", token_url="https://login.example/token")
    assert elsewhere.token_url == "https://login.example/token"


def test_a_slash_at_the_end_of_the_host_makes_no_difference() -> None:
    assert account(base_url="https://api.gettyimages.com/") == account()


@pytest.mark.parametrize(
    "url",
    [
        "https://getty.example",
        "https://getty.example:8443/path",
        "http://localhost:8900",
        "http://LOCALHOST",
        "http://127.0.0.1:8900",
        "http://127.8.9.10",
        "http://[::1]:8900",
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_accepted(url: str) -> None:
    assert account(base_url=url, token_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://getty.example",
        "http://10.0.0.1:8900",
        "http://127.0.0.1.example",
        "http://[::2]",
        "http://0.0.0.0",
    ],
)
@pytest.mark.parametrize("name", ["base_url", "token_url"])
def test_plain_http_to_another_machine_is_refused(name: str, url: str) -> None:
    assert "plain http would send the credentials unencrypted" in refusal(**{name: url})


@pytest.mark.parametrize(
    "url", ["ftp://getty.example", "file:///etc/passwd", "api.gettyimages.com", "//getty.example"]
)
@pytest.mark.parametrize("name", ["base_url", "token_url"])
def test_another_scheme_or_none_is_refused(name: str, url: str) -> None:
    assert "its scheme must be https" in refusal(**{name: url})


@pytest.mark.parametrize(
    "url",
    [
        "https://user:the-secret@getty.example",
        "https://the-secret@getty.example",
        "https://@getty.example/the-secret",
        "user:the-secret@getty.example",
        "https://getty.example?key=the-secret",
        "https://getty.example#the-secret",
    ],
)
@pytest.mark.parametrize("name", ["base_url", "token_url"])
def test_a_url_that_could_hold_a_secret_is_refused_and_not_repeated(name: str, url: str) -> None:
    assert "must be a plain URL" in refusal(**{name: url})


@pytest.mark.parametrize(
    "url", ["https://", "https:///path", "https://getty.example:0", "https://getty example"]
)
def test_a_url_without_a_usable_host_is_refused(url: str) -> None:
    assert "has no valid host name" in refusal(base_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://API.GettyImages.com",
        "https://api.gettyimages.com:443",
        "https://api.gettyimages.com:443/",
        " https://api.gettyimages.com\n",
        "https://api.gettyimages.com.",
        "https://api.gettyimages.com.:443/",
    ],
)
def test_one_host_has_one_form_and_keeps_its_token_url(url: str) -> None:
    assert account(base_url=url) == account()


def test_a_path_of_getty_s_own_host_is_refused() -> None:
    assert "it must be https://api.gettyimages.com alone" in refusal(
        base_url="https://api.gettyimages.com/v3"
    )


def test_a_newline_in_a_url_is_refused() -> None:
    assert "has no valid host name" in refusal(base_url="https://getty.example\n.evil.example")


def test_the_error_of_a_token_url_names_its_host_as_airflow_masks_the_url() -> None:
    assert "token_url, on the host login.example: plain http" in refusal(token_url="http://login.example/t")


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", "  {} ", "\ufeff{}".replace("\ufeff", "\t")])
@pytest.mark.parametrize("name", ["api_key", "api_secret"])
def test_what_a_secret_file_adds_to_a_key_is_taken_off(name: str, around: str) -> None:
    assert account(**{name: around.format("value")}) == account(**{name: "value"})


@pytest.mark.parametrize("name", ["api_key", "api_secret"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("k\u00e9y", "an invalid character at position 2 (U+00E9)"),
        ("key\u200b", "(U+200B)"),
        ("two lines\nhere", "(U+0020)"),
        ("a\nb", "(U+000A)"),
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_with_the_reason(
    name: str, value: str, reason: str
) -> None:
    message = refusal(**{name: value})
    assert reason in message
    assert value not in message


@pytest.mark.parametrize("number", [-1, 0, 2**31, 10**30])
def test_a_product_id_that_can_be_none_is_refused(number: int) -> None:
    assert "it must be a whole number from 1 to 2147483647" in refusal(product_id=number)


@pytest.mark.parametrize(
    "url", ["https://[the-secret", "https://getty.example:the-secret", "https://getty.example:99999"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    assert "host is not a URL." in refusal(base_url=url)


@pytest.mark.parametrize(("name", "called"), [("api_key", "API key"), ("api_secret", "API secret")])
def test_both_credentials_are_needed(name: str, called: str) -> None:
    assert f"The Getty {called} is missing." in refusal(**{name: ""})


def test_a_dialect_may_be_given_by_name() -> None:
    assert account(dialect="reference-page").dialect is Dialect.REFERENCE_PAGE


def test_an_unknown_dialect_is_refused_with_those_that_exist() -> None:
    assert "dialect is 'klingon'; it must be one of auto, reference-page, current." in refusal(
        dialect="klingon"
    )


@pytest.mark.parametrize("number", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["timeout", "max_requests_per_second"])
def test_a_limit_that_is_no_number_above_0_is_refused(name: str, number: float) -> None:
    assert f"{name} is {number}; it must be a number above 0." in refusal(**{name: number})


def test_a_timeout_is_at_most_a_day() -> None:
    assert "timeout is 1e+308; it must be at most a day, 86400 s." in refusal(timeout=1e308)


def test_no_secret_is_seen_in_an_account() -> None:
    assert "the-" not in repr(account())
