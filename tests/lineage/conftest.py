"""What the tests of assets and lineage share."""

from __future__ import annotations

import pytest
from getty_emulator.server import Emulator

from tests.support.download_tasks import draw_nothing


@pytest.fixture
def grey(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_nothing(getty, monkeypatch)
