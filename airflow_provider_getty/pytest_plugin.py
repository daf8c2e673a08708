"""The pytest fixture ``getty_clock``. It imports the package only when a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_getty.api.virtual_clock import VirtualClock


@pytest.fixture
def getty_clock(request: pytest.FixtureRequest) -> Iterator[VirtualClock]:
    """Return a clock on which no wait of the provider takes real time.

    Its time passes only while everything waits. If the test also uses ``getty_emulator``, the emulator's time passes
    with it.
    """
    from airflow_provider_getty.api import clock  # noqa: PLC0415 - see the module's docstring
    from airflow_provider_getty.api.memory import forget  # noqa: PLC0415
    from airflow_provider_getty.api.virtual_clock import VirtualClock  # noqa: PLC0415

    on_advance = None
    if "getty_emulator" in request.fixturenames:
        on_advance = request.getfixturevalue("getty_emulator").advance
    virtual = VirtualClock(on_advance)
    forget()
    with clock.replaced_by(virtual):
        yield virtual
    forget()  # what was paced by a time that never was
