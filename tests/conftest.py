"""What all tests share."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from airflow_provider_getty.api import budget, products
from airflow_provider_getty.api.protocol import Protocol

if TYPE_CHECKING:
    from getty_emulator.server import Emulator

# Before Airflow is imported: the tests have an Airflow home of their own, and take no settings from outside.
for _name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[_name]
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-of-tests-")


def pytest_configure(config: pytest.Config) -> None:
    """Older Airflows warn of themselves, and of the newest of what they depend on."""
    if not version("apache-airflow").startswith(("3.1.", "3.2.")):
        return
    for kind in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::{kind}")
    config.addinivalue_line("filterwarnings", "error:::airflow_provider_getty")


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture(autouse=True)
def _forget_what_a_process_learns() -> None:
    """A process remembers a server's dialect, an account's products and how fast to ask; a test must not."""
    Protocol.spoken.clear()
    budget._budgets.clear()
    products.known.clear()


@pytest.fixture
def getty(getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A Getty to which the connection ``getty_default`` leads."""
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty_emulator.connection))
    return getty_emulator


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited out or polled for is looked at again almost at once."""
    monkeypatch.setattr("airflow_provider_getty.api.patience._FIRST_BACKOFF", 0.01)
    monkeypatch.setattr("airflow_provider_getty.api.schedule.SHORTEST_DELAY", 0.01)
    monkeypatch.setattr("airflow_provider_getty.api.schedule.LONGEST_DELAY", 0.01)
    monkeypatch.setattr("airflow_provider_getty.triggers.generation._FIRST_POLL_IN", 0.0)
