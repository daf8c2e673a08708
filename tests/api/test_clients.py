"""Both clients over real HTTP, against the emulator: each test holds for the sync and for the async one."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from getty_emulator.options import DialectName
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.errors import (
    AuthenticationError,
    ConnectionFailedError,
    Credit,
    DownloadError,
    NoAnswerError,
    ServerError,
)
from airflow_provider_getty.api.operations import (
    GetDownload,
    GetDownloadSizes,
    GetGeneration,
    GetHistory,
    ListProducts,
    Refine,
    StartDownload,
    UploadImage,
)
from airflow_provider_getty.api.results import Download, Generation, Pending
from tests.support.both_clients import Client, Connect
from tests.support.client_requests import LAKE, calls, distant_deadline, generate, jpeg, upload

# The way of a refine


def test_a_mask_goes_up_and_an_image_comes_down(getty: Client, getty_emulator: Emulator) -> None:
    getty_emulator.fault("stay-pending", "get-generation", times=2)
    poll = generate(getty)
    generation = getty.wait_for(poll, deadline=distant_deadline(), interval=0.01)
    assert isinstance(generation, Generation)
    assert len(generation.results) == 4

    image = {"generation_request_id": poll.generation_request_id, "index": 1}
    sizes = getty.ask(GetDownloadSizes(**image)).download_sizes
    assert [size.size_name for size in sizes] == ["1k", "4k"]
    getty.ask(StartDownload(**image, size_name="1k"))
    getty_emulator.fault("stay-pending", "get-download", times=2)
    download = getty.wait_for(GetDownload(**image), deadline=distant_deadline(), interval=0.01)
    assert isinstance(download, Download)
    file = io.BytesIO()
    assert getty.fetch_image(download.url, file, asked="Image 1") == len(file.getvalue())
    assert Image.open(file).size == (sizes[0].width, sizes[0].height)

    assert calls(getty_emulator)["get-generation"] == 3
    assert getty_emulator.ledger()["total"] == 1


def test_a_generation_may_be_pending_at_first(getty: Client, getty_emulator: Emulator) -> None:
    getty_emulator.fault("stay-pending", "refine")
    pending = getty.ask(upload(getty))
    assert isinstance(pending, Pending)
    getty_emulator.fault("finish-at-once", "get-generation")
    poll = GetGeneration(generation_request_id=pending.generation_request_id)
    assert (
        getty.wait_for(poll, deadline=distant_deadline()).generation_request_id
        == pending.generation_request_id
    )


def test_products_and_history_are_listed(getty: Client) -> None:
    poll = generate(getty)
    [product] = getty.ask(ListProducts()).products
    assert product.type == "aigen"
    history = getty.ask(GetHistory())
    assert [item.generation_request_id for item in history.generations] == [poll.generation_request_id]


@pytest.mark.parametrize("spoken", ["current", "reference-page"])
def test_auto_finds_out_which_dialect_the_server_speaks(connect: Connect, spoken: DialectName) -> None:
    with Emulator(strict=True, dialect=spoken) as emulator:
        client = connect(emulator)
        poll = generate(client)
        assert client.wait_for(poll, deadline=distant_deadline()).generation_request_id
        client.ask(upload(client))
        assert emulator.ledger()["total"] == 2
    assert client.account.dialect is Dialect.AUTO


# The connection


def test_a_reply_that_never_comes_is_not_waited_for_longer_than_the_timeout(
    connect: Connect, getty_emulator: Emulator
) -> None:
    client = connect(getty_emulator, timeout=0.3)
    refine = upload(client)
    getty_emulator.fault("no-reply", "refine")
    with pytest.raises(NoAnswerError) as caught:
        client.ask(refine, deadline=distant_deadline())
    assert caught.value.credit is Credit.UNKNOWN
    assert getty_emulator.ledger()["total"] == 1


def test_a_slow_reply_is_waited_for(connect: Connect, getty_emulator: Emulator) -> None:
    client = connect(getty_emulator, timeout=5)
    getty_emulator.fault("slow", "products", seconds=0.2)
    assert client.ask(ListProducts()).products


def test_where_nobody_listens_nothing_was_sent(connect: Connect) -> None:
    with Emulator(strict=True) as emulator:
        client = connect(emulator)
        client.ask(ListProducts())
    with pytest.raises(ConnectionFailedError) as caught:
        client.ask(Refine(image_id=LAKE, mask_url="mask"))
    assert caught.value.credit is Credit.UNUSED
    assert caught.value.may_retry


def test_a_name_that_does_not_exist_is_a_failed_connection(
    connect: Connect, getty_emulator: Emulator
) -> None:
    client = connect(getty_emulator, base_url="https://getty.invalid")
    with pytest.raises(ConnectionFailedError):
        client.ask(UploadImage(file_name="mask.jpg", jpeg=jpeg()))


# The token


@pytest.mark.parametrize("wrong", [{"api_key": "wrong"}, {"api_secret": "wrong"}])
def test_wrong_credentials_are_told_as_such(
    connect: Connect, getty_emulator: Emulator, wrong: dict[str, str]
) -> None:
    with pytest.raises(AuthenticationError, match="Access token: Getty answered 401 invalid_client"):
        connect(getty_emulator, **wrong).ask(ListProducts(), deadline=distant_deadline())


def test_a_token_that_has_expired_meanwhile_is_replaced(getty: Client, getty_emulator: Emulator) -> None:
    getty.ask(ListProducts())
    getty_emulator.advance(1801)
    assert getty.ask(ListProducts()).products
    assert calls(getty_emulator) == {"token": 2, "products": 3}
    assert len(set(getty.told_tokens)) == 2


def test_many_at_once_fetch_one_token(getty: Client, getty_emulator: Emulator) -> None:
    getty.ask_together([ListProducts()] * 20)
    assert calls(getty_emulator)["token"] == 1
    getty_emulator.advance(1801)
    getty.ask_together([ListProducts()] * 20)
    assert calls(getty_emulator)["token"] == 2


def test_many_at_once_learn_together_that_there_is_no_token(getty: Client, getty_emulator: Emulator) -> None:
    getty_emulator.fault("slow", "token", times=None, seconds=0.5)
    getty_emulator.fault("server-error", "token", times=None)
    with pytest.raises(ServerError, match="Access token"):
        getty.ask_together([ListProducts()] * 20)
    assert calls(getty_emulator)["token"] < 20
    getty_emulator.clear_faults()
    assert getty.ask(ListProducts()).products


# Images


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "cut-body"},
        {"name": "wrong-length", "difference": 7},
        {"name": "server-error", "status": 503},
    ],
)
def test_an_image_that_does_not_arrive_whole_is_a_download_error(
    getty: Client, getty_emulator: Emulator, fault: dict[str, Any]
) -> None:
    url = getty_emulator.images()[0]["url"]
    getty_emulator.fault(**fault, operation="library-media")
    with pytest.raises(DownloadError) as caught:
        getty.fetch_image(url, io.BytesIO(), asked="Image 0")
    assert str(caught.value).startswith("Image 0: ")
    assert caught.value.may_retry


def test_a_disk_that_is_full_is_not_taken_for_trouble_with_getty(
    getty: Client, getty_emulator: Emulator
) -> None:
    class FullDisk(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    url = getty_emulator.images()[0]["url"]
    with pytest.raises(OSError, match="No space left"):
        getty.fetch_image(url, FullDisk(), asked="Image 0")


# Secrets


def test_no_secret_is_logged_at_any_level(
    getty: Client, getty_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    getty_emulator.fault("queries-per-second", "get-generation")
    generation = getty.wait_for(generate(getty), deadline=distant_deadline())
    url = generation.results[0].url
    getty.fetch_image(url, io.BytesIO(), asked="Image 0")
    secrets = [getty.account.api_secret, *getty.told_tokens, url.partition("?")[2]]
    assert len(list(filter(None, secrets))) == 3
    logged = [
        f"{record.name} {record.getMessage()}" for record in caplog.records if record.name != "uvicorn.access"
    ]
    assert logged
    assert not [line for line in logged for secret in secrets if secret in line]
