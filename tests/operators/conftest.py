"""Fixtures for the tests of downloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from tests.support.download_tasks import generate


@pytest.fixture
def generation(getty: Emulator) -> dict[str, Any]:
    """The result of a task that generated images."""
    return generate(getty)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder, neither of which exists."""
    return tmp_path / "folder" / "image.jpg"
