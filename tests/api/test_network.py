"""Certificates and proxies: both clients do what the environment says, in the same way."""

from __future__ import annotations

import io
import ssl
import subprocess
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import (
    CertificateError,
    ConfigurationError,
    ConnectionFailedError,
    Credit,
    GettyError,
    InvalidRequestError,
    ProxyRefusedError,
)
from airflow_provider_getty.api.network import network
from airflow_provider_getty.api.operations import GetGeneration, ListProducts
from tests.support.both_clients import Client, Connect
from tests.support.client_requests import distant_deadline
from tests.support.proxy import tunnel_proxy
from tests.support.recorder import Recorder, recording

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = (
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
)


@pytest.fixture
def connect(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Either client, in an environment that says nothing of networks."""
    for name in (*VARIABLES, *PROXIES):
        monkeypatch.delenv(name, raising=False)
    return connect


@pytest.fixture(scope="module")
def company() -> trustme.CA:
    """A certificate authority that nobody knows outside of the company."""
    return trustme.CA()


@pytest.fixture
def ca_file(company: trustme.CA, tmp_path: Path) -> Path:
    """Its certificate."""
    company.cert_pem.write_to_path(str(file := tmp_path / "company.pem"))
    return file


@pytest.fixture
def company_getty(company: trustme.CA) -> Iterator[Recorder]:
    """A server whose certificate the company signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    company.issue_cert("127.0.0.1").configure_cert(context)
    wrap: Callable[[Any], Any] = lambda listener: context.wrap_socket(listener, server_side=True)  # noqa: E731
    with recording(wrap=wrap) as recorder:
        recorder.url = recorder.url.replace("http:", "https:")
        yield recorder


def client_of(connect: Connect, getty: Recorder) -> Client:
    return connect(base_url=getty.url)


# Certificates


@pytest.mark.parametrize(
    ("host", "period", "said"),
    [
        (
            "127.0.0.1",
            {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2020, 1, 2, tzinfo=UTC)},
            "certificate has expired",
        ),
        ("other.example", {}, "IP address mismatch"),
    ],
)
def test_a_certificate_says_what_is_wrong_with_it(
    connect: Connect,
    company: trustme.CA,
    ca_file: Path,
    host: str,
    period: dict[str, Any],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    company.issue_cert(host, **period).configure_cert(context)
    with recording(wrap=lambda listener: context.wrap_socket(listener, server_side=True)) as getty:
        client = connect(base_url=getty.url.replace("http:", "https:"))
        with pytest.raises(CertificateError, match=said) as refused:
            client.ask(ListProducts(), deadline=distant_deadline())
    assert not refused.value.may_retry


def test_a_port_without_tls_is_named_as_such(connect: Connect) -> None:
    with recording() as getty:
        client = connect(base_url=getty.url.replace("http:", "https:"))
        with pytest.raises(GettyError, match=r"There was no answer \(\w+: wrong version number\)"):
            client.ask(ListProducts())


@pytest.mark.parametrize("variable", VARIABLES)
def test_whom_a_variable_says_to_trust_is_trusted(
    connect: Connect, company_getty: Recorder, ca_file: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = ca_file
    if variable == "SSL_CERT_DIR":
        pem = ca_file.read_text()
        (trusted := ca_file.parent / "certificates").mkdir()
        (trusted / f"{subject_hash(pem)}.0").write_text(pem)
    monkeypatch.setenv(variable, str(trusted))
    assert client_of(connect, company_getty).ask(ListProducts()).products == ()


def subject_hash(pem: str) -> str:
    """The name by which OpenSSL finds a certificate in a folder."""
    command = ["openssl", "x509", "-noout", "-subject_hash"]
    return subprocess.run(command, input=pem, capture_output=True, text=True, check=True).stdout.strip()


def test_a_certificate_that_is_not_trusted_is_final_and_names_the_setting(
    connect: Connect, company_getty: Recorder
) -> None:
    with pytest.raises(CertificateError) as refused:
        client_of(connect, company_getty).ask(ListProducts(), deadline=distant_deadline())
    assert "The certificate of 127.0.0.1 is not trusted: " in str(refused.value)
    assert "set REQUESTS_CA_BUNDLE to the file" in str(refused.value)
    assert refused.value.credit is Credit.UNUSED
    assert not refused.value.may_retry
    assert company_getty.seen == []


def test_a_poll_in_the_same_trouble_fails_at_once_as_well(connect: Connect, company_getty: Recorder) -> None:
    with pytest.raises(CertificateError) as refused:
        client_of(connect, company_getty).wait_for(
            GetGeneration(generation_request_id="g"), deadline=distant_deadline()
        )
    assert refused.value.credit is Credit.COMMITTED


@pytest.mark.parametrize("variable", VARIABLES)
def test_certificates_that_cannot_be_read_are_an_error_that_names_the_variable(
    connect: Connect, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "missing.pem"))
    with pytest.raises(
        ConfigurationError, match=rf"{variable} is .*missing.pem, which holds no readable certificates"
    ):
        connect()
    (tmp_path / "missing.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match=variable):
        connect()


def test_the_first_bundle_that_is_set_decides(ca_file: Path) -> None:
    both = {"REQUESTS_CA_BUNDLE": str(ca_file), "SSL_CERT_FILE": "/missing"}
    assert network(both).trusted == f"REQUESTS_CA_BUNDLE={ca_file}"
    assert "certifi" in network({}).trusted


# Proxies


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_is_used_with_its_user_and_password(
    connect: Connect,
    company_getty: Recorder,
    ca_file: Path,
    variable: str,
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    with tunnel_proxy() as proxy:
        monkeypatch.setenv(variable, f"{scheme}user:p%40ss@{proxy.address}")
        assert client_of(connect, company_getty).ask(ListProducts()).products == ()
    target = company_getty.url.removeprefix("https://")
    assert set(proxy.asked) == {(target, "Basic dXNlcjpwQHNz")}


def test_a_host_without_proxy_is_reached_without(
    connect: Connect, company_getty: Recorder, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.0/8")
    assert client_of(connect, company_getty).ask(ListProducts()).products == ()


@pytest.mark.parametrize(
    ("status", "words"), [(407, "it requires a user and a password"), (403, "answered 403")]
)
def test_a_proxy_that_refuses_is_one_final_error(
    connect: Connect, company_getty: Recorder, status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tunnel_proxy(status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret-word@{proxy.address}")
        with pytest.raises(ProxyRefusedError, match=words) as refused:
            client_of(connect, company_getty).ask(ListProducts(), deadline=distant_deadline())
    assert f"The proxy {proxy.address} answered {status}" in str(refused.value)
    assert "secret-word" not in str(refused.value)
    assert len(proxy.asked) == 1


def test_a_proxy_of_plain_http_that_wants_a_password_is_the_same_error(
    connect: Connect, getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    with tunnel_proxy(407) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:secret-word@{proxy.address}")
        client = connect(getty_emulator)
        with pytest.raises(ProxyRefusedError, match="it requires a user and a password"):
            client.ask(ListProducts(), deadline=distant_deadline())
        with pytest.raises(ProxyRefusedError, match="it requires a user and a password"):
            client.fetch_image(f"{getty_emulator.url}/a.jpg", io.BytesIO(), asked="Image 0")
    assert len(proxy.asked) == 2


@pytest.mark.parametrize(
    ("named", "kind"), [("{}", ProxyRefusedError), ("socks5://{}", ConfigurationError)], ids=["407", "SOCKS"]
)
def test_a_proxy_that_refuses_or_cannot_be_used_ends_a_wait_for_what_is_paid_for(
    connect: Connect,
    getty_emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    named: str,
    kind: type[GettyError],
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    token_url = getty_emulator.url.replace("127.0.0.1", "localhost") + "/oauth2/token"
    with tunnel_proxy(407) as proxy:
        monkeypatch.setenv("HTTP_PROXY", named.format(proxy.address))
        client = connect(getty_emulator, token_url=token_url)
        for _ in ("without a token", "with one"):
            with pytest.raises(kind) as refused:
                client.wait_for(GetGeneration(generation_request_id="g"), deadline=distant_deadline())
            assert str(refused.value).startswith("Status of generation g: ")
            assert refused.value.credit is Credit.COMMITTED
            assert not refused.value.may_retry


def test_polls_go_the_way_of_all_calls(
    connect: Connect, company_getty: Recorder, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    company_getty.body = b'{"products": [], "generation_request_id": "g", "results": [{"index": 0}]}'
    with tunnel_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        client = client_of(connect, company_getty)
        client.ask(ListProducts())
        client.wait_for(GetGeneration(generation_request_id="g"), deadline=distant_deadline())
    assert [seen.method for seen in company_getty.seen] == ["POST", "GET", "GET"]
    assert len({seen.connection for seen in company_getty.seen if seen.method == "GET"}) == 1


def test_a_proxy_that_is_away_is_named_without_its_password(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass-word@127.0.0.1:9/")
    with pytest.raises(ConnectionFailedError, match=r"no answer through the proxy 127\.0\.0\.1:9 ") as failed:
        connect(base_url="https://127.0.0.1:9").ask(ListProducts())
    shown = "".join(traceback.format_exception(failed.value)) + caplog.text
    assert "pass-word" not in shown


def test_what_a_proxy_says_is_quoted_in_one_bounded_line() -> None:
    said = "\x1b[31mNo\x1b[0m" + "y" * 5000
    shown = str(network({"HTTPS_PROXY": "proxy:3128"}).proxy_error("https://getty.example", 403, said))
    assert "The proxy proxy:3128 answered 403 Noyyy" in shown
    assert shown.isprintable()
    assert len(shown) < 600


@pytest.mark.parametrize("status", [502, 503])
def test_a_proxy_in_trouble_may_recover(
    connect: Connect, company_getty: Recorder, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tunnel_proxy(status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(ConnectionFailedError, match=f"answered {status}") as failed:
            client_of(connect, company_getty).ask(ListProducts())
    assert failed.value.may_retry


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("socks5://proxy:1080", "ALL_PROXY names a SOCKS proxy, socks5://proxy"),
        ("ftp://proxy", "with the scheme 'ftp'"),
        ("http://", "ALL_PROXY is not the URL of a proxy"),
        ("http://proxy:port", "ALL_PROXY is not the URL of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_with_the_reason(
    connect: Connect, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(ConfigurationError, match=words) as refused:
        connect(base_url="https://getty.example").ask(ListProducts(), deadline=distant_deadline())
    assert refused.value.credit is Credit.UNUSED


def test_the_environment_is_read_once_for_a_client(
    connect: Connect, company_getty: Recorder, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    client = client_of(connect, company_getty)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/missing")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert client.ask(ListProducts()).products == ()


@pytest.mark.parametrize(
    ("listed", "host", "goes_without"),
    [
        ("", "api.gettyimages.com", False),
        ("*", "api.gettyimages.com", True),
        ("gettyimages.com", "api.gettyimages.com", True),
        (".gettyimages.com", "api.gettyimages.com", True),
        ("*.gettyimages.com", "api.gettyimages.com", True),
        ("a.example, API.gettyimages.com", "api.gettyimages.com", True),
        ("a.example api.gettyimages.com", "api.gettyimages.com", True),
        ("api.gettyimages.com.", "api.gettyimages.com", True),
        ("images.com", "api.gettyimages.com", False),
        ("api.gettyimages.com:443", "api.gettyimages.com", True),
        ("api.gettyimages.com:8443", "api.gettyimages.com", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("::1", "[::1]", True),
    ],
)
def test_hosts_without_proxy(listed: str, host: str, *, goes_without: bool) -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": listed}
    assert (network(environment).proxy_for(f"https://{host}/path") is None) is goes_without


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({"https_proxy": "a:1", "HTTPS_PROXY": "b:2"}, "http://a:1"),
        ({"https_proxy": "", "HTTPS_PROXY": "b:2"}, None),
        ({"HTTPS_PROXY": "b:2", "ALL_PROXY": "c:3"}, "http://b:2"),
        ({"HTTP_PROXY": "b:2"}, None),
        ({"HTTP_PROXY": "b:2", "all_proxy": "https://c"}, "https://c"),
        ({}, None),
    ],
)
def test_which_variable_names_the_proxy(environment: dict[str, str], proxy: str | None) -> None:
    assert network(environment).proxy_for("https://api.gettyimages.com/v3") == proxy


# What cannot be sent is no trouble of the network


def test_a_request_that_cannot_be_made_is_refused_at_once(connect: Connect) -> None:
    with recording() as getty:
        client = connect(base_url=getty.url)
        object.__setattr__(client.account, "api_key", "two\nlines")  # an account refuses such a key
        with pytest.raises(InvalidRequestError, match="cannot be sent as it is") as refused:
            client.ask(ListProducts(), deadline=distant_deadline())
        assert "lines" not in str(refused.value)
        assert [seen.path for seen in getty.seen] == ["/oauth2/token"]
