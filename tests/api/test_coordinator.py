"""Processes that share an account through a coordinator: either client, a real Redis, and the emulator."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.coordinator import Coordinator
from airflow_provider_getty.api.errors import ConfigurationError
from airflow_provider_getty.api.memory import forget
from airflow_provider_getty.api.operations import ListProducts
from airflow_provider_getty.api.redis_link import Link
from airflow_provider_getty.api.virtual_clock import VirtualClock
from dev.redis_server import RedisServer
from tests.support.both_clients import Connect
from tests.support.client_requests import generate
from tests.support.getty_journal import sent
from tests.support.running_redis import running_redis
from tests.support.scripted_getty import account

PASSWORD = "a-password-of-redis"


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of the test's own, which may stop it."""
    with running_redis(PASSWORD) as server:
        yield server


def content(server: RedisServer) -> str:
    """All that Redis holds."""
    client = Link(server.url)._redis
    held: list[object] = []
    for key in client.keys("*"):
        held += [key, client.hgetall(key) if client.type(key) == b"hash" else client.get(key)]
    client.close()
    return repr(held)


def test_a_token_is_fetched_once_for_all_processes(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer
) -> None:
    for _ in range(3):
        client = connect(getty_emulator, coordinator=redis.url)
        client.ask(ListProducts())
        assert len(client.told_tokens) == 1  # so that it is masked
        forget()  # the next client is of another process
    assert sent(getty_emulator).count("token") == 1


def test_a_shared_token_that_getty_refuses_is_replaced_for_all(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer
) -> None:
    first, second = (connect(getty_emulator, coordinator=redis.url) for _ in range(2))
    first.ask(ListProducts())
    getty_emulator.advance(3600)  # and Getty's tokens are good for half an hour; our clock stands still
    for client in (first, second, first):
        client.ask(ListProducts())
    assert sent(getty_emulator).count("token") == 2


def test_what_one_process_has_learned_of_latencies_the_next_one_knows(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer, getty_clock: VirtualClock
) -> None:
    for number in range(2):
        getty_emulator.fault("stay-pending", "refine")
        getty_emulator.fault("stay-pending", "get-generation", times=3)
        getty_emulator.fault("finish-at-once", "get-generation")
        client = connect(getty_emulator, coordinator=redis.url)
        client.wait_for(generate(client), deadline=getty_clock.now() + 600)
        link = Link(redis.url)
        learned = [link._redis.lrange(key, 0, -1) for key in link._redis.keys("*:learned:*")]
        link.close()
        assert [len(each) for each in learned] == [number + 1]
        forget()


def test_no_secret_is_readable_in_redis(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer
) -> None:
    client = connect(getty_emulator, coordinator=redis.url)
    client.ask(ListProducts())
    [token] = client.told_tokens
    held = content(redis)
    assert "token" in held
    for secret in (token, "demo-key", "demo-secret"):
        assert secret not in held


@pytest.mark.parametrize("changes", [{"api_key": "other"}, {"base_url": "https://getty.example.com"}])
def test_accounts_share_nothing(changes: dict[str, str]) -> None:
    one, other = Coordinator(account()), Coordinator(account(**changes))
    assert one.token().keys != other.token().keys
    assert one.book(1).keys != other.book(1).keys


def test_only_the_same_secret_opens_the_token() -> None:
    sealed = Coordinator(account()).share_token("a-token", 1800).arguments[0]
    assert Coordinator(account()).token_in([sealed, 1_799_000]) == ("a-token", 1799)
    assert Coordinator(account(api_secret="rotated")).token_in([sealed, 1_799_000]) is None


def test_requests_keep_to_the_limit_of_all(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer, getty_clock: VirtualClock
) -> None:
    clients = [connect(getty_emulator, coordinator=redis.url, max_requests_per_second=2) for _ in range(2)]
    began = getty_clock.elapsed
    for _ in range(3):
        for client in clients:
            client.ask(ListProducts())
    # Seven requests with the token, of which the first one leaves at once.
    assert getty_clock.elapsed - began == pytest.approx(6 / (0.95 * 2), abs=0.1)


def test_without_redis_every_process_goes_on_and_says_so_once(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer, getty_clock: VirtualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    client = connect(getty_emulator, coordinator=redis.url)
    client.ask(ListProducts())
    redis.stop()
    for _ in range(20):
        client.ask(ListProducts())
        getty_clock.advance(3)
    redis.start()
    getty_clock.advance(60)
    client.ask(ListProducts())
    client.ask(ListProducts())
    said = [record.message for record in caplog.records if "coordinator" in record.message]
    assert [line.split(":")[0] for line in said] == [
        "The coordinator cannot be used",
        "The coordinator answers again",
    ]
    assert PASSWORD not in caplog.text
    assert ":line'" in content(redis)


def test_a_wrong_password_is_said_and_not_shown(
    connect: Connect, getty_emulator: Emulator, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(getty_emulator, coordinator=redis.url.replace(PASSWORD, "a-wrong-word"))
    client.ask(ListProducts())
    assert "The coordinator cannot be used: AuthenticationError" in caplog.text
    assert "a-wrong-word" not in caplog.text
    assert "a-wrong-word" not in repr(client.account)


@pytest.mark.real_time
def test_a_redis_that_does_not_answer_is_waited_for_no_longer_than_a_second(
    connect: Connect, getty_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(getty_emulator, coordinator=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        client.ask(ListProducts())
        assert time.monotonic() - began < 10
    assert "The coordinator cannot be used: TimeoutError" in caplog.text


def test_an_unknown_option_is_refused_before_anything_is_sent(
    connect: Connect, getty_emulator: Emulator
) -> None:
    with pytest.raises(ConfigurationError, match="the coordinator has unknown options"):
        connect(getty_emulator, coordinator="redis://127.0.0.1:6379/0?colour=red&password=hidden")
    assert not sent(getty_emulator)
