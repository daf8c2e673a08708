"""What all tests share."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from airflow_provider_getty.api.memory import forget
from tests.support.watched import sitecustomize

if TYPE_CHECKING:
    from getty_emulator.server import Emulator

    from tests.support.real_stores import S3Bucket

# Before Airflow is imported: the tests have a home of their own, and take no settings from outside.
for _name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[_name]
_HOME = Path(tempfile.mkdtemp(prefix="home-of-tests-"))
_REPORT = _HOME / "trespass"
_REPORT.touch()
os.environ.setdefault("XDG_CACHE_HOME", str(Path("~/.cache").expanduser()))
os.environ |= {
    "AIRFLOW_HOME": str(_HOME / "airflow"),
    "HOME": str(_HOME),
    "PYTHONPATH": str(Path(sitecustomize.__file__).parent),
    sitecustomize.REPORT: str(_REPORT),
}
sitecustomize.watch(_REPORT)

# How long an example takes says how loaded the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Older Airflows warn of themselves, and of the newest of what they depend on."""
    if not version("apache-airflow").startswith(("3.1.", "3.2.")):
        return
    for kind in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::{kind}")
    config.addinivalue_line("filterwarnings", "error:::airflow_provider_getty")


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _keep_to_the_clone() -> Iterator[None]:
    """Fail what reads or writes outside of the clone, the temporary folder and the caches."""
    before = _REPORT.stat().st_size
    yield
    if _REPORT.stat().st_size > before:
        pytest.fail("Outside of the clone and the temporary folder:\n" + _REPORT.read_text()[before:])


@pytest.fixture(autouse=True)
def _virtual_time(request: pytest.FixtureRequest) -> None:
    """No wait of the provider takes real time, and no deadline passes because the machine is slow."""
    if not request.node.get_closest_marker("real_time"):
        request.getfixturevalue("getty_clock")


@pytest.fixture(autouse=True)
def _forget_what_a_process_learns() -> None:
    """A process remembers what it learns of servers and accounts; a test must not."""
    forget()
    if masker := sys.modules.get("airflow.sdk._shared.secrets_masker"):
        masker._secrets_masker().reset_masker()  # with the secrets of thousands of tests, each new one takes long


@pytest.fixture
def getty(getty_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A Getty to which the connection ``getty_default`` leads."""
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty_emulator.connection))
    return getty_emulator


@pytest.fixture
def pending(getty: Emulator) -> str:
    """The id of a generation that does not finish by itself."""
    from tests.support.submitted import left_pending  # noqa: PLC0415 - imports Airflow

    return left_pending(getty)[0]


@pytest.fixture
def grey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are of the right size, but grey: they take no time to draw."""
    from tests.support.download_tasks import draw_nothing  # noqa: PLC0415 - likewise

    draw_nothing(monkeypatch)


@pytest.fixture(scope="session")
def _s3() -> Iterator[S3Bucket]:
    from tests.support.real_stores import s3_server  # noqa: PLC0415 - takes a second

    with s3_server() as bucket:
        yield bucket


@pytest.fixture
def s3(_s3: S3Bucket) -> S3Bucket:
    """An S3 server with an empty bucket."""
    fs = _s3.at("").fs
    if names := fs.find(_s3.name):
        fs.rm(names)
    return _s3
