"""Clients of emulators, as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from getty_emulator.server import Emulator

from emulator.tests.support.emulator_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.tests.support.emulator_client import Start


@pytest.fixture(scope="session")
def _lenient() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def getty_emulator(_lenient: Emulator) -> Emulator:
    """The emulator of most tests here: not strict, so that every form may be tried."""
    _lenient.reset()
    return _lenient


@pytest.fixture
def getty(getty_emulator: Emulator) -> Iterator[Client]:
    """A client of the session's emulator, which answers at once."""
    client = Client(getty_emulator, getty_emulator.api_key, getty_emulator.api_secret)
    with client.session:
        yield client


@pytest.fixture
def start() -> Iterator[Start]:
    """Start emulators with other settings; returns a client of each."""
    running: list[tuple[Emulator, requests.Session]] = []

    def start_one(**settings: Any) -> Client:
        emulator = Emulator(**settings).__enter__()
        client = Client(emulator, emulator.api_key, emulator.api_secret)
        running.append((emulator, client.session))
        return client

    yield start_one
    for emulator, session in running:
        session.close()
        emulator.__exit__()
