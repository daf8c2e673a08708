"""What the tests of batches share."""

from __future__ import annotations

import pytest
from getty_emulator.server import Emulator

from tests.support.download_tasks import draw_nothing


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    """What is looked up or reported is so at once."""
    monkeypatch.setattr("airflow_provider_getty.generating.submission._LOOK_AGAIN_IN", 0.1)
    monkeypatch.setattr("airflow_provider_getty.batch.history._GATHERING", 0.02)
    monkeypatch.setattr("airflow_provider_getty.batch.engine._FIRST_POLL_IN", 0.01)
    monkeypatch.setattr("airflow_provider_getty.triggers.batch._FIRST_POLL_IN", 0.05)


@pytest.fixture
def grey(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images take no time to draw."""
    draw_nothing(getty, monkeypatch)
