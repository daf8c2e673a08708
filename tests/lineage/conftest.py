"""What the tests of assets and lineage share."""

from __future__ import annotations

import pytest

from tests.support.download_tasks import draw_nothing


@pytest.fixture
def grey(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_nothing(monkeypatch)
