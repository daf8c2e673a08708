"""What the tests of batches share."""

from __future__ import annotations

import pytest

from tests.support.download_tasks import draw_nothing


@pytest.fixture
def grey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images take no time to draw."""
    draw_nothing(monkeypatch)
