"""The fixture ``getty_emulator``. It imports the emulator only when a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from getty_emulator.server import Emulator


@pytest.fixture(scope="session")
def _getty_emulator_server() -> Iterator[Emulator]:
    from getty_emulator.server import Emulator  # noqa: PLC0415 - see the module's docstring

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def getty_emulator(_getty_emulator_server: Emulator) -> Emulator:
    """Return a local Getty that answers without delay, fresh for each test; one server serves the session."""
    _getty_emulator_server.reset()
    return _getty_emulator_server
