"""The pytest fixture ``getty_emulator``.

pytest imports this module in every run, so the emulator itself is imported only when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from getty_emulator.server import Emulator


@pytest.fixture(scope="session")
def getty_emulator_options() -> dict[str, Any]:
    """Return the options of the session's emulator. Override this fixture to choose options other than ``strict``."""
    return {"strict": True}


@pytest.fixture(scope="session")
def _getty_emulator_server(getty_emulator_options: dict[str, Any]) -> Iterator[Emulator]:
    from getty_emulator.server import Emulator  # noqa: PLC0415 - see the module's docstring

    with Emulator(**getty_emulator_options) as emulator:
        yield emulator


@pytest.fixture
def getty_emulator(_getty_emulator_server: Emulator) -> Emulator:
    """Return a local Getty without latency, reset for each test; one server runs for the whole session."""
    _getty_emulator_server.reset()
    return _getty_emulator_server
