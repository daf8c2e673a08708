"""Whom the clients connect to, what they show there, how often and how fast."""

from __future__ import annotations

import io
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airflow_provider_getty.api import aio, clock, network
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    DownloadError,
    GettyError,
    RedirectedError,
)
from airflow_provider_getty.api.operations import (
    Generate,
    GetGeneration,
    ListProducts,
    Operation,
    Refine,
    StartDownload,
    UploadImage,
)
from tests.support.both_clients import Client, Connect
from tests.support.client_requests import distant_deadline
from tests.support.recorder import Recorder, recording
from tests.support.scripted_getty import account

JPEG = b"\xff\xd8\xff an image \xff\xd9"
PRODUCTS = "/v3/products?fields=download_requirements"
CREDENTIALS = ("authorization", "api-key", "cookie")


def connected(connect: Connect, recorder: Recorder, **changes: Any) -> Client:
    """A client of the recorder."""
    return connect(base_url=recorder.url, **changes)


# Redirects and foreign hosts


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "operation",
    [
        UploadImage(file_name="mask.jpg", jpeg=JPEG),
        Refine(image_id="1", mask_url="mask"),
        StartDownload(generation_request_id="g", size_name="1k"),
        ListProducts(),
    ],
    ids=lambda operation: operation.asked,
)
def test_no_redirect_is_followed(connect: Connect, status: int, operation: Operation[Any]) -> None:
    with recording() as elsewhere, recording(status=status, headers={"Location": elsewhere.url}) as getty:
        with pytest.raises(RedirectedError, match=rf"{status}, a redirect to {elsewhere.url}\."):
            connected(connect, getty).ask(operation)
        assert elsewhere.seen == []


def test_no_redirect_of_a_poll_is_followed(connect: Connect) -> None:
    with recording() as elsewhere, recording() as getty:
        client = connected(connect, getty)
        client.ask(ListProducts())  # so that it has a token
        getty.status, getty.headers = 302, {"Location": elsewhere.url}
        with pytest.raises(RedirectedError):
            client.wait_for(GetGeneration(generation_request_id="g"), deadline=distant_deadline())
        assert elsewhere.seen == []


def test_a_redirect_of_an_image_is_followed_without_credentials(connect: Connect) -> None:
    with recording() as elsewhere, recording(status=302, headers={"Location": elsewhere.url}) as delivery:
        with pytest.raises(DownloadError, match="not an image"):
            connect().fetch_image(f"{delivery.url}/1.jpg?Signature=s", io.BytesIO(), asked="Image 0")
        [seen] = elsewhere.seen
        assert not {"api-key", "authorization", "cookie"} & {name.lower() for name in seen.headers}


def test_where_the_images_lie_no_credentials_are_shown(connect: Connect) -> None:
    with recording() as getty, recording(body=JPEG) as delivery:
        client, file = connected(connect, getty), io.BytesIO()
        client.ask(ListProducts())
        assert client.fetch_image(f"{delivery.url}/1.jpg?Signature=s", file, asked="Image 0") == len(JPEG)
        assert file.getvalue() == JPEG
        [seen] = delivery.seen
        assert seen.path == "/1.jpg?Signature=s"
        assert not seen.headers.keys() & set(CREDENTIALS)


def test_a_cookie_is_not_kept(connect: Connect) -> None:
    with recording(headers={"Set-Cookie": "session=1; Path=/"}) as getty:
        client = connected(connect, getty)
        client.ask(ListProducts())
        client.ask(ListProducts())
        assert getty.shown("cookie", PRODUCTS) is None


# The environment


def test_a_netrc_file_replaces_no_token_and_adds_nothing(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with recording() as getty:
        client = connected(connect, getty)
        client.ask(ListProducts())
        assert getty.shown("authorization", PRODUCTS) == "Bearer recorded-token"
        assert getty.shown("authorization", "/oauth2/token") is None
        getty.body = JPEG
        client.fetch_image(f"{getty.url}/1.jpg", io.BytesIO(), asked="Image 0")
        assert getty.shown("authorization", "/1.jpg") is None


@pytest.mark.parametrize(("no_proxy", "through_proxy"), [("", True), ("127.0.0.1", False), ("*", False)])
def test_the_proxy_of_the_environment_is_used(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, no_proxy: str, *, through_proxy: bool
) -> None:
    with recording() as proxy, recording() as getty:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", no_proxy)
        monkeypatch.setenv("NO_PROXY", no_proxy)
        client = connected(connect, getty)
        client.ask(ListProducts())
        assert [seen.path for seen in proxy.seen] == (
            [f"{getty.url}/oauth2/token", f"{getty.url}{PRODUCTS}"] if through_proxy else []
        )
        assert bool(getty.seen) is not through_proxy


# TLS


def test_a_certificate_that_nobody_vouches_for_gets_no_request(
    connect: Connect, with_tls: Callable[[Any], Any]
) -> None:
    with recording(wrap=with_tls) as impostor:
        client = connect(base_url=impostor.url.replace("http:", "https:"))
        with pytest.raises(ConnectionFailedError, match=r"is not trusted: self.signed certificate"):
            client.ask(UploadImage(file_name="mask.jpg", jpeg=JPEG))
        assert impostor.seen == []


@pytest.fixture
def with_tls(tmp_path: Path) -> Callable[[Any], Any]:
    """Puts TLS around a socket, with a certificate that it signed itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return lambda listener: context.wrap_socket(listener, server_side=True)


# How often, and how fast


def test_one_connection_serves_all_calls_that_follow_each_other(connect: Connect) -> None:
    with recording() as getty:
        client = connected(connect, getty)
        for _ in range(10):
            client.ask(ListProducts())
        getty.body = JPEG
        client.fetch_image(f"{getty.url}/1.jpg", io.BytesIO(), asked="Image 0")
        assert [seen.method for seen in getty.seen] == ["POST"] + 11 * ["GET"]
        assert len({seen.connection for seen in getty.seen[1:]}) == 1


@pytest.mark.real_time
@pytest.mark.parametrize(("fresh", "connections"), [(3600.0, 1), (0.001, 2)])
def test_what_changes_something_is_sent_over_no_connection_that_was_idle_for_long(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, fresh: float, connections: int
) -> None:
    """A server that closes it at that moment may have taken the request, or not."""
    for module in (aio, network):
        monkeypatch.setattr(module, "FRESH_SECONDS", fresh)
    with recording(status=202, body=b'{"generation_request_id": "g"}') as getty:
        sender = connected(connect, getty)
        for _ in range(2):
            sender.ask(Generate(prompt="a boat"))
            time.sleep(0.01)
        submissions = [seen for seen in getty.seen if "/oauth2" not in seen.path]
        assert len({seen.connection for seen in submissions}) == connections


@pytest.mark.real_time
def test_each_connection_is_idle_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads that share a client keep some of its connections busy, and leave others idle."""
    monkeypatch.setattr(network, "FRESH_SECONDS", 0.3)
    with (
        recording(body=b'{"products": []}') as getty,
        GettyClient(account(base_url=getty.url, token_url=f"{getty.url}/oauth2/token")) as client,
    ):

        class Meanwhile(io.BytesIO):
            """Asks something else while the first connection is busy."""

            def __init__(self, operation: Operation[Any]) -> None:
                super().__init__()
                self.operation = operation

            def write(self, piece: Any) -> int:
                with suppress(GettyError):
                    client.ask(self.operation)
                return super().write(piece)

        def fetch(meanwhile: Operation[Any]) -> None:
            with suppress(GettyError):
                client.fetch_image(f"{getty.url}/1.jpg", Meanwhile(meanwhile), asked="Image 0")

        fetch(ListProducts())
        time.sleep(0.4)
        client.ask(ListProducts())
        before = {seen.connection for seen in getty.seen}
        fetch(Generate(prompt="a boat"))
        assert getty.seen[-1].method == "POST"
        assert getty.seen[-1].connection not in before


async def test_a_poll_that_meets_the_close_of_its_connection_is_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with recording(status=202, body=b'{"generation_request_id": "g"}', per_connection=1) as getty:
        async with AsyncGettyClient(
            account(base_url=getty.url, token_url=f"{getty.url}/oauth2/token")
        ) as client:
            with pytest.raises(DeadlineExceededError):
                await client.wait_for(
                    GetGeneration(generation_request_id="g"), deadline=clock.now() + 60, interval=5
                )
    assert len([seen for seen in getty.seen if seen.method == "GET"]) > 10
    assert "no answer" not in caplog.text


def test_an_answer_that_is_an_error_leaves_the_connection_usable(connect: Connect) -> None:
    with recording(status=302) as getty:
        client = connected(connect, getty)
        for _ in range(3):
            with pytest.raises(RedirectedError):
                client.ask(ListProducts())
        assert len({seen.connection for seen in getty.seen if seen.method == "GET"}) == 1


@pytest.mark.parametrize("interim", [(100,), (102, 102), (103,), (100, 103)])
def test_what_precedes_an_answer_is_not_taken_for_it(connect: Connect, interim: tuple[int, ...]) -> None:
    with recording(status=202, body=b'{"generation_request_id": "g"}', interim=interim) as getty:
        client = connected(connect, getty)
        assert client.ask(Generate(prompt="a boat")).generation_request_id == "g"
        getty.status, getty.body = 200, b'{"products": []}'
        client.ask(ListProducts())
        assert len({seen.connection for seen in getty.seen if seen.method == "POST"}) == 1


def test_no_more_requests_are_sent_in_a_second_than_allowed_whatever_they_are(connect: Connect) -> None:
    with recording() as getty:
        client = connected(connect, getty, max_requests_per_second=8)
        client.ask_together([ListProducts()] * 11)
        times = sorted(seen.at for seen in getty.seen)
        assert len(times) == 12
        assert all(later - earlier > 0.9 for earlier, later in zip(times, times[8:], strict=False))
