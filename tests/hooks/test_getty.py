"""GettyHook: what a connection means, what is said about one that cannot be used, and what is kept secret."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.log import redact  # type: ignore[attr-defined]
from getty_emulator.server import Emulator

from airflow_provider_getty.api.account import GETTY_TOKEN_URL, GETTY_URL, Account, Dialect
from airflow_provider_getty.api.errors import ConfigurationError
from airflow_provider_getty.hooks.connection import account_of
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.getty_journal import sent

KEY, SECRET = "key-of-the-hook-tests", "secret-of-the-hook-tests"
COMPLETE = {"conn_type": "getty", "login": KEY, "password": SECRET}


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the connection ``getty_default`` to a URI, or to a document changed from one that is complete."""

    def set_connection(uri: str | None = None, **changes: Any) -> GettyHook:
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", uri or json.dumps(COMPLETE | changes))
        return GettyHook()

    return set_connection


def test_key_and_secret_are_enough(connect: Any) -> None:
    assert connect().account == Account(api_key=KEY, api_secret=SECRET)
    assert (connect().account.base_url, connect().account.token_url) == (GETTY_URL, GETTY_TOKEN_URL)


@pytest.mark.parametrize(
    ("uri", "base_url"),
    [
        (f"getty://{KEY}:{SECRET}@", "https://api.gettyimages.com"),
        (f"getty://{KEY}:{SECRET}@api.gettyimages.com", "https://api.gettyimages.com"),
        (f"getty://{KEY}:{SECRET}@127.0.0.1:8900/http", "http://127.0.0.1:8900"),
        (f"getty://{KEY}:{SECRET}@https%3A%2F%2Fapi.gettyimages.com", "https://api.gettyimages.com"),
        (f"getty://{KEY}:{SECRET}@proxy.example.com:8443", "https://proxy.example.com:8443"),
    ],
)
def test_a_connection_may_be_a_uri(connect: Any, uri: str, base_url: str) -> None:
    account = connect(uri).account
    assert (account.api_key, account.api_secret, account.base_url) == (KEY, SECRET, base_url)


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({"host": ""}, "https://api.gettyimages.com"),
        ({"host": None}, "https://api.gettyimages.com"),
        ({"host": "api.gettyimages.com"}, "https://api.gettyimages.com"),
        ({"host": " https://api.gettyimages.com/ "}, "https://api.gettyimages.com"),
        ({"host": "localhost", "port": 8900, "schema": "http"}, "http://localhost:8900"),
        ({"host": "http://127.0.0.1:8900"}, "http://127.0.0.1:8900"),
        ({"host": "http://[::1]:8900"}, "http://[::1]:8900"),
        ({"host": "getty.example.com", "port": 8443}, "https://getty.example.com:8443"),
    ],
)
def test_the_host_may_have_a_scheme_and_a_port(connect: Any, fields: dict[str, Any], base_url: str) -> None:
    assert connect(**fields).account.base_url == base_url


def test_another_host_is_asked_for_the_token_as_well(connect: Any) -> None:
    """The secret goes nowhere but to the hosts that are configured."""
    assert connect(host="http://127.0.0.1:8900").account.token_url == "http://127.0.0.1:8900/oauth2/token"


def test_the_extras_are_those_of_the_form(connect: Any) -> None:
    account = connect(
        extra={
            "token_url": "https://auth.example.com/token",
            "product_id": 7,
            "project_code": "spring",
            "dialect": "current",
            "max_requests_per_second": 2.5,
            "timeout": 20,
        }
    ).account
    assert account == Account(
        api_key=KEY,
        api_secret=SECRET,
        token_url="https://auth.example.com/token",
        product_id=7,
        project_code="spring",
        dialect=Dialect.CURRENT,
        max_requests_per_second=2.5,
        timeout=20.0,
    )


def test_extras_may_be_texts(connect: Any) -> None:
    account = connect(extra={"product_id": "7", "max_requests_per_second": "2.5", "timeout": "20"}).account
    assert (account.product_id, account.max_requests_per_second, account.timeout) == (7, 2.5, 20.0)


def test_a_uri_has_its_extras_in_its_query(connect: Any) -> None:
    account = connect(f"getty://{KEY}:{SECRET}@?product_id=7&project_code=spring&dialect=current").account
    assert (account.product_id, account.project_code, account.dialect) == (7, "spring", Dialect.CURRENT)


def test_a_project_code_of_digits_is_a_text(connect: Any) -> None:
    assert connect(extra={"project_code": 2024}).account.project_code == "2024"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"project_code": {}}, "project_code is {}; it must be text"),
        ({"project_code": True}, "project_code is True; it must be text"),
        ({"token_url": ["x"]}, "token_url is ['x']; it must be text"),
        ({"dialect": {"a": 1}}, "dialect is {'a': 1}; it must be text"),
        ({"product_id": True}, "product_id is True; it must be a whole number"),
        ({"product_id": -1}, "product_id is -1; it must be a whole number from 1"),
        ({"product_id": 10**30}, "it must be a whole number from 1"),
        ({"timeout": {}}, "timeout is {}; it must be a number"),
    ],
)
def test_an_extra_of_a_wrong_type_is_refused_with_the_reason(
    connect: Any, extra: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _ = connect(extra=extra).account
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("redis", "url"),
    [
        ("redis://cache:6379", "redis://cache:6379/0"),
        ("redis://:s%2Fcret@cache", "redis://:s%2Fcret@cache:6379/0"),
        ("redis://me:word@cache:7000?db=3", "redis://me:word@cache:7000/3"),
        (
            "redis://:w@cache?ssl=true&ssl_ca_certs=%2Fca.pem",
            "rediss://:w@cache:6379/0?ssl_ca_certs=%2Fca.pem",
        ),
    ],
)
def test_the_coordinator_may_be_a_redis_connection(
    connect: Any, monkeypatch: pytest.MonkeyPatch, redis: str, url: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_THE_REDIS", redis)
    hook = connect(extra={"coordinator": "the_redis"})
    assert hook.account.coordinator == url
    assert asyncio.run(hook.get_async_account()) == hook.account


def test_the_coordinator_may_be_a_url(connect: Any) -> None:
    assert connect(extra={"coordinator": "rediss://:w@cache/1"}).account.coordinator == "rediss://:w@cache/1"


def test_a_key_from_a_secret_file_may_end_with_a_newline(connect: Any) -> None:
    assert connect(login=f"{KEY}\n", password=f"{SECRET}\n").account == connect().account


def test_an_extra_may_be_text_that_is_json(connect: Any) -> None:
    assert connect(extra='{"product_id": 7}').account.product_id == 7


@pytest.mark.parametrize("nothing", ["", None])
def test_what_the_form_leaves_empty_is_the_default(connect: Any, nothing: str | None) -> None:
    names = (
        "token_url",
        "product_id",
        "project_code",
        "dialect",
        "max_requests_per_second",
        "coordinator",
        "timeout",
    )
    hook = connect(extra=dict.fromkeys(names, nothing))
    assert hook.account == Account(api_key=KEY, api_secret=SECRET)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"login": None}, "The Getty API key is missing"),
        ({"login": ""}, "The Getty API key is missing"),
        ({"password": None}, "The Getty API secret is missing"),
        ({"host": "ftp://api.gettyimages.com"}, "its scheme must be https"),
        ({"host": "api.gettyimages.com", "schema": "ftp"}, "its scheme must be https"),
        ({"host": "http://api.gettyimages.com"}, "plain http would send the credentials unencrypted"),
        (
            {"host": "api.gettyimages.com", "schema": "http"},
            "plain http would send the credentials unencrypted",
        ),
        ({"host": "https://"}, "has no valid host name"),
        ({"host": "https://user:pass@api.gettyimages.com"}, "must be a plain URL"),
        ({"host": "https://api.gettyimages.com?key=1"}, "must be a plain URL"),
        ({"extra": {"token_url": "http://auth.gettyimages.com/token"}}, "token_url"),
        ({"extra": {"token_url": "no url"}}, "token_url"),
        ({"extra": {"dialect": "klingon"}}, "dialect is 'klingon'; it must be one of auto, reference-page"),
        ({"extra": {"product_id": "spring"}}, "product_id is 'spring'; it must be a whole number"),
        ({"extra": {"product_id": 7.5}}, "product_id is 7.5; it must be a whole number"),
        ({"extra": {"product_id": True}}, "product_id is True; it must be a whole number"),
        ({"extra": {"timeout": "soon"}}, "timeout is 'soon'; it must be a number"),
        ({"extra": {"timeout": 0}}, "timeout is 0.0; it must be a number above 0"),
        ({"extra": {"timeout": -5}}, "timeout is -5.0; it must be a number above 0"),
        ({"extra": {"max_requests_per_second": -1}}, "max_requests_per_second is -1.0"),
        ({"extra": {"max_requests_per_second": "fast"}}, "max_requests_per_second is 'fast'"),
        ({"extra": {"procuct_id": 7}}, "procuct_id; it may have coordinator, dialect"),
        ({"extra": {"coordinator": "http://redis:6379"}}, "coordinator is not a Redis URL"),
        ({"extra": {"coordinator": "redis://"}}, "coordinator is not a Redis URL"),
        ({"extra": {"coordinator": 7}}, "Its coordinator, the connection 7, is not known in this process"),
    ],
)
def test_a_connection_that_cannot_be_used_says_why(
    connect: Any, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        connect(**fields).account  # noqa: B018
    message = str(error.value)
    assert message.startswith("Connection getty_default: ")
    assert problem in message
    assert "Correct the Airflow connection" in message
    assert not [secret for secret in (KEY, SECRET, "pass@") if secret in message]


@pytest.mark.parametrize(
    ("extra", "problem"), [("[1]", "Its extra is not a JSON object"), ("{token_url", "Its extra is not JSON")]
)
def test_an_extra_that_is_no_object_says_so(extra: str, problem: str) -> None:
    """Airflow itself refuses most of these, in some versions."""
    connection: Any = SimpleNamespace(
        login=KEY, password=SECRET, host=None, port=None, schema=None, extra=extra
    )
    with pytest.raises(ConfigurationError, match=problem):
        account_of(connection)


def test_the_async_client_reads_the_same_connection(connect: Any) -> None:
    async def account() -> Account:
        async with await connect(host="http://127.0.0.1:8900").get_async_conn() as client:
            read: Account = client.account
            return read

    assert asyncio.run(account()) == connect(host="http://127.0.0.1:8900").account


def test_a_connection_that_is_not_there_is_an_error_in_a_trigger_too() -> None:
    with pytest.raises(ConfigurationError, match="Connection nowhere: It is not known"):
        asyncio.run(GettyHook("nowhere").get_async_conn())


def masked(text: str) -> bool:
    """Whether Airflow masks this in its logs."""
    return redact(f"before {text} after") == "before *** after"


def test_key_and_secret_are_masked_in_logs(connect: Any) -> None:
    """Airflow masks a password by itself, and a login not."""
    hook = connect(login="a-key-to-be-masked", password="a-secret-to-be-masked")
    assert not masked("a-key-to-be-masked")
    hook.account  # noqa: B018
    assert masked("a-key-to-be-masked")
    assert masked("a-secret-to-be-masked")


def test_they_are_masked_also_if_the_connection_cannot_be_used(connect: Any) -> None:
    hook = connect(login="a-key-of-nobody", extra={"dialect": "klingon"})
    with pytest.raises(ConfigurationError):
        hook.account  # noqa: B018
    assert masked("a-key-of-nobody")


def test_tokens_are_masked_in_logs(getty: Emulator) -> None:
    hook = GettyHook()
    hook.products()
    token = hook.get_conn()._protocol.token
    assert token
    assert masked(token)


def test_tokens_are_masked_in_the_logs_of_triggers(getty: Emulator) -> None:
    from airflow_provider_getty.api.operations import ListProducts  # noqa: PLC0415

    async def token() -> str | None:
        async with await GettyHook().get_async_conn() as client:
            await client.ask(ListProducts())
            return client._protocol.token

    fetched = asyncio.run(token())
    assert fetched
    assert masked(fetched)


def test_what_the_hook_shows_of_itself_holds_no_secret(connect: Any) -> None:
    hook = connect()
    hook.get_conn()
    assert not [secret for secret in (KEY, SECRET) if secret in f"{hook!r} {vars(hook)!r} {hook.account!r}"]


def test_one_hook_has_one_client(connect: Any) -> None:
    hook = connect()
    assert hook.get_conn() is hook.get_conn()


def test_the_product_and_project_code_of_the_connection_are_used_where_a_task_names_none(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    getty.configure_account(
        products=[{"id": 7}, {"id": 8, "project_code": "required"}, {"id": 9, "project_code": "required"}]
    )
    document = getty.connection
    document["extra"] |= {"product_id": 8, "project_code": "spring"}
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(document))
    hook = GettyHook()
    mask_url = hook.upload_mask([(60, 16, 964, 250)], image_size=(1024, 683))
    hook.refine(image_id="1473240153", mask_url=mask_url)
    hook.refine(image_id="1473240153", mask_url=mask_url, product_id=9, project_code="autumn")
    charged = [(charge["product_id"], charge["project_code"]) for charge in getty.ledger()["entries"]]
    assert charged == [(8, "spring"), (9, "autumn")]


def test_the_connection_test_lists_the_products_and_logs_them(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow drops the message of a test that succeeds."""
    getty.configure_account(products=[{"id": 7, "name": "Spring campaign"}])
    with caplog.at_level("INFO"):
        works, message = GettyHook().test_connection()
    assert works
    assert "7 (Spring campaign" in message
    assert message in caplog.text
    assert sent(getty) == ["token", "products"]


def test_the_connection_test_quotes_names_in_one_bounded_line(getty: Emulator) -> None:
    getty.configure_account(products=[{"id": 7, "name": "\x1b[1mSpring\x1b[0m\n" + "y" * 5000}])
    works, message = GettyHook().test_connection()
    assert works
    assert "7 (Spring yyy" in message
    assert message.isprintable()
    assert len(message) < 500


def test_the_connection_test_says_that_the_secret_is_wrong(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = getty.connection | {"password": "wrong-secret"}
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(wrong))
    works, message = GettyHook().test_connection()
    assert not works
    assert "Check the connection's API key and API secret" in message
    assert "wrong-secret" not in message


def test_the_connection_test_says_that_there_is_no_generator(getty: Emulator) -> None:
    getty.configure_account(products=[{"id": 7, "type": "premiumaccess"}])
    assert GettyHook().test_connection() == (
        False,
        "Getty accepted the credentials, but the account has no AI Generator product.",
    )


def test_the_connection_test_says_what_is_wrong_with_the_connection(connect: Any) -> None:
    works, message = connect(host="http://api.gettyimages.com").test_connection()
    assert not works
    assert "plain http" in message
