"""What the tests of operators share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from downloading import generate

from airflow_provider_getty.emulator.server import Emulator


@pytest.fixture
def generation(getty: Emulator) -> dict[str, Any]:
    """The result of a finished refine."""
    return generate(getty)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder, neither of which exists."""
    return tmp_path / "folder" / "image.jpg"
