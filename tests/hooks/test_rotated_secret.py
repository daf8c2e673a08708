"""A secret that was rotated while something waits: the connection is read again before anybody gives up."""

from __future__ import annotations

import asyncio
import json

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import AuthenticationError
from airflow_provider_getty.api.operations import ListProducts
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.triggers.shared_client import shared_client


def connect(monkeypatch: pytest.MonkeyPatch, getty: Emulator, **changes: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.connection | changes))


def test_a_worker_goes_on_with_the_new_secret(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, getty, password="old")
    hook = GettyHook()
    client = hook.get_conn()
    connect(monkeypatch, getty)
    assert client.ask(ListProducts()).products


@pytest.mark.parametrize("shared", [True, False], ids=["trigger", "batch"])
def test_what_waits_in_an_event_loop_goes_on_with_the_new_secret(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    async def ask() -> None:
        connect(monkeypatch, getty, password="old")
        async with shared_client("getty_default") if shared else await GettyHook().get_async_conn() as client:
            connect(monkeypatch, getty)
            assert (await client.ask(ListProducts())).products

    asyncio.run(ask())


@pytest.mark.parametrize("change", [{}, {"login": "another-key"}], ids=["the same", "another account's"])
def test_a_secret_that_stays_refused_is_final(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    connect(monkeypatch, getty, password="old")
    client = GettyHook().get_conn()
    connect(monkeypatch, getty, **{"password": "old", **change})
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            client.ask(ListProducts())
