"""Every call has a total time, every answer a size, and what is slow keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import gzip
import io
import socketserver
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import bodies, clock, poller
from airflow_provider_getty.api.bodies import Decoder, total_seconds
from airflow_provider_getty.api.errors import (
    AnswerError,
    Credit,
    DeadlineExceededError,
    DownloadError,
    NoAnswerError,
)
from airflow_provider_getty.api.operations import Generate, ListProducts
from tests.support.both_clients import Client, Connect
from tests.support.client_requests import distant_deadline, generate, upload
from tests.support.pending_getty import PendingGetty, start, until, wait
from tests.support.recorder import recording

# Time


def test_a_call_may_take_its_timeout_twice_and_longer_for_an_image_or_an_upload() -> None:
    assert total_seconds(60) == 120
    assert total_seconds(60, is_image=True) == 660
    assert total_seconds(60, sent=10_000_000) == 320


@pytest.mark.real_time
def test_an_answer_that_drips_is_given_up(connect: Connect, getty_emulator: Emulator) -> None:
    client = connect(getty_emulator, timeout=1)
    client.ask(ListProducts())
    getty_emulator.fault("drip", "products", seconds=30)
    began = clock.monotonic()
    with pytest.raises(NoAnswerError):
        client.ask(ListProducts())
    assert clock.monotonic() - began < 15


@pytest.mark.real_time
def test_who_waits_is_told_soon_after_the_deadline_however_slow_the_last_answer(
    connect: Connect, getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LAST_POLL_WITHIN", 0.2)
    client = connect(getty_emulator, timeout=60)
    poll = generate(client)
    getty_emulator.fault("drip", "get-generation", times=None, seconds=60)
    began = clock.monotonic()
    with pytest.raises(DeadlineExceededError):
        client.wait_for(poll, deadline=clock.now() + 0.1)
    assert clock.monotonic() - began < 30


@pytest.fixture
def dripping_headers() -> Iterator[str]:
    """The URL of a server whose answer never gets beyond its headers."""
    done = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(65_536)
                self.request.sendall(b"HTTP/1.1 200 OK\r\n")
                while not done.wait(0.05):
                    self.request.sendall(b"X")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        done.set()
        server.shutdown()
        thread.join()


@pytest.mark.real_time
def test_headers_that_drip_are_given_up(dripping_headers: str, connect: Connect) -> None:
    client = connect(base_url=dripping_headers, token_url=f"{dripping_headers}/token", timeout=1)
    began = clock.monotonic()
    with pytest.raises(NoAnswerError):
        client.ask(ListProducts())
    assert clock.monotonic() - began < 15


@pytest.mark.real_time
def test_a_slow_image_is_given_up_soon_after_the_deadline(
    connect: Connect, getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LAST_POLL_WITHIN", 0.2)
    client = connect(getty_emulator, timeout=60)
    url = getty_emulator.images()[0]["url"]
    getty_emulator.fault("drip", "library-media", seconds=60)
    began = clock.monotonic()
    with pytest.raises(DownloadError):
        client.fetch_image(url, io.BytesIO(), asked="Image 0", deadline=clock.now() + 0.1)
    assert clock.monotonic() - began < 30


@pytest.mark.real_time
def test_a_large_body_and_an_image_have_more_time(
    connect: Connect, getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_BYTES_PER_SECOND", 10)
    client = connect(getty_emulator, timeout=1)
    for operation in ("generate", "library-media"):
        getty_emulator.fault("drip", operation, seconds=2.3)
    assert client.ask(Generate(prompt="a" * 500))
    assert client.fetch_image(getty_emulator.images()[0]["url"], io.BytesIO(), asked="Image 0")


# Size


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_an_answer_that_is_too_long_is_not_read_on(
    getty: Client, getty_emulator: Emulator, compressed: bool
) -> None:
    getty_emulator.fault("huge", "products", megabytes=20, gzip=compressed)
    with pytest.raises(NoAnswerError, match="longer than 8 MB"):
        getty.ask(ListProducts())
    assert getty.ask(ListProducts()).products


def test_a_submission_with_an_answer_that_is_too_long_may_have_been_paid_for(
    getty: Client, getty_emulator: Emulator
) -> None:
    refine = upload(getty)
    getty_emulator.fault("huge", "refine", megabytes=20)
    with pytest.raises(NoAnswerError) as caught:
        getty.ask(refine)
    assert caught.value.credit is Credit.UNKNOWN


@pytest.mark.parametrize("pending", [False, True], ids=["200", "202"])
def test_a_poll_with_an_answer_that_is_too_long_is_of_what_is_paid_for(
    getty: Client, getty_emulator: Emulator, caplog: pytest.LogCaptureFixture, *, pending: bool
) -> None:
    poll = generate(getty)
    if pending:
        getty_emulator.fault("stay-pending", "get-generation")
    getty_emulator.fault("huge", "get-generation", megabytes=20, gzip=False)
    assert getty.wait_for(poll, deadline=distant_deadline())
    assert "longer than 8 MB" in caplog.text
    assert Credit.COMMITTED in caplog.text
    assert Credit.UNUSED not in caplog.text


def test_an_image_that_is_too_long_is_not_read_on(
    getty: Client, getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in ("requests", "aiohttp"):
        monkeypatch.setattr(f"airflow_provider_getty.api.from_{client}.IMAGE_BYTES", 1024**2)
    url = getty_emulator.images()[0]["url"]
    getty_emulator.fault("huge", "library-media", times=None, megabytes=20)
    with pytest.raises(DownloadError, match="longer than 1 MB"):
        getty.fetch_image(url, io.BytesIO(), asked="Image 0")


@pytest.mark.parametrize("operation", ["products", "token"])
def test_an_answer_that_is_compressed_is_read(
    getty: Client, getty_emulator: Emulator, operation: str
) -> None:
    getty_emulator.fault("gzip", operation)
    assert getty.ask(ListProducts()).products


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_what_was_compressed_a_thousandfold_is_expanded_piece_by_piece(encoding: str, compress: Any) -> None:
    bomb = compress(bytes(50 * 1024**2))
    assert len(bomb) < 60_000
    pieces: list[int] = []
    with pytest.raises(NoAnswerError, match="longer than 8 MB"):
        pieces.extend(map(len, Decoder({"content-encoding": encoding}, 8 * 1024**2).pieces(bomb)))
    assert max(pieces) <= 256 * 1024
    assert sum(pieces) <= 8 * 1024**2


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_pieces_together_are_the_body(size: int) -> None:
    body = bytes(range(256)) * 5000
    sent = gzip.compress(body)
    decoder = Decoder({"content-encoding": "GZIP"}, len(body))
    chunks = (sent[at : at + size] for at in range(0, len(sent), size))
    assert b"".join(piece for chunk in chunks for piece in decoder.pieces(chunk)) == body


def test_what_is_not_compressed_as_it_says_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="cannot be decompressed"):
        list(Decoder({"content-encoding": "gzip"}, 100).pieces(b"plain text"))


def test_what_is_compressed_and_cut_is_no_answer() -> None:
    sent = gzip.compress(b"An image, of which the end is missing.")
    decoder = Decoder({"content-encoding": "gzip"}, 100)
    list(decoder.pieces(sent[:-10]))
    with pytest.raises(NoAnswerError, match="is truncated"):
        decoder.end()
    list(decoder.pieces(sent[-10:]))
    decoder.end()
    Decoder({"content-encoding": "gzip"}, 100).end()  # as of a 202, whose body is empty


def test_an_image_that_is_compressed_and_cut_has_not_arrived(connect: Connect) -> None:
    image = gzip.compress(b"\xff\xd8\xff" + bytes(range(256)) * 100)[:-20]
    with recording(body=image, headers={"Content-Encoding": "gzip"}) as getty:
        with pytest.raises(DownloadError, match="is truncated"):
            connect(base_url=getty.url).fetch_image(f"{getty.url}/a.jpg", io.BytesIO(), asked="Image 0")
        assert [seen.path for seen in getty.seen] == ["/a.jpg"]


def test_a_large_body_is_sent_in_pieces(getty: Client) -> None:
    """The event loop does not stand still for it, of which aiohttp warns."""
    with suppress(AnswerError):
        getty.ask(Generate(prompt="a" * 2_000_000))


# Others


@pytest.mark.real_time
@pytest.mark.parametrize("number", [50, 300])
async def test_answers_that_never_end_keep_no_other_generation_waiting(
    polled: PendingGetty, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(poller, "_SLOW", 0.05)
    monkeypatch.setattr(poller, "_USUAL", 0.01)
    polled.stuck.update(f"stuck{k}" for k in range(number))
    async with polled.client(max_requests_per_second=100_000) as client:
        stuck = start(client, sorted(polled.stuck), seconds=300)
        await until(lambda: polled.polls.total() >= min(number, 80))
        ready = [f"ready{k}" for k in range(5)]
        polled.finished.update(ready)
        found = await asyncio.gather(*start(client, ready, seconds=60))
        for task in stuck:
            task.cancel()
    assert [generation.generation_request_id for generation in found] == ready


@pytest.mark.real_time
async def test_answers_that_are_all_slow_are_waited_for_as_that_is_usual(
    polled: PendingGetty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "_SLOW", 0.1)
    monkeypatch.setattr(poller, "_USUAL", 0.02)
    polled.seconds = 0.8
    generations = [f"g{k}" for k in range(800)]
    polled.finished.update(generations)
    async with polled.client(max_requests_per_second=100_000) as client:
        found = await asyncio.gather(*start(client, generations, seconds=300))
    assert [generation.generation_request_id for generation in found] == generations
    assert polled.polls.total() < 1.5 * len(generations), "most gave way"


@pytest.mark.real_time
async def test_what_follows_a_refusal_keeps_no_other_generation_waiting(
    polled: PendingGetty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polled once more with a new token, no answer comes."""
    monkeypatch.setattr(poller, "_SLOW", 0.05)
    monkeypatch.setattr(poller, "_USUAL", 0.01)

    def refuse(generation: str) -> tuple[int, object] | None:
        if not generation.startswith("stuck"):
            return None
        polled.stuck.add(generation)
        return 401, {"message": "Unauthorized"}

    polled.answer = refuse
    async with polled.client(max_requests_per_second=100_000) as client:
        stuck = start(client, [f"stuck{k}" for k in range(300)], seconds=300)
        await until(lambda: polled.polls.total() >= 80)
        polled.finished.add("ready")
        assert await wait(client, "ready", seconds=30)
        for task in stuck:
            task.cancel()


@pytest.mark.real_time
async def test_a_poll_that_waited_for_the_token_does_not_give_way_for_that(
    polled: PendingGetty, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(poller, "_SLOW", 0.1)
    monkeypatch.setattr(poller, "_USUAL", 0.5)
    polled.token_seconds = 3.0
    generations = [f"g{k}" for k in range(300)]
    polled.finished.update(generations)
    async with polled.client(max_requests_per_second=100_000) as client:
        await asyncio.gather(*start(client, generations))
    assert "others were waiting" not in caplog.text
