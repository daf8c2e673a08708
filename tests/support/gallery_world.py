"""An API server with the gallery, in this process, with a database of task runs.

Airflow's own task runner has run the tasks (:mod:`.task_runs`) against the emulator.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from tests.support.airflow_database import AirflowDatabase


class GalleryWorld(AirflowDatabase):
    """The API server and its database."""

    def __init__(self, app: FastAPI) -> None:
        from fastapi.testclient import TestClient  # noqa: PLC0415 - warns

        self.client = TestClient(app)

    def get(self, path: str, user: str | None = "viewer", **arguments: Any) -> Any:
        """Get a path as a user; None: without login."""
        from tests.support.gallery_users import token  # noqa: PLC0415 - likewise

        headers = {"Authorization": f"Bearer {token(user)}"} if user else {}
        return self.client.get(path, headers=headers, **arguments)


@contextmanager
def api_server() -> Iterator[FastAPI]:
    """Airflow's API server with a fresh database in the tests' home."""
    from airflow.api_fastapi.app import create_app, purge_cached_app  # noqa: PLC0415 - takes a second
    from airflow.utils.db import initdb  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "tests.support.gallery_users.PerDagAuthManager")
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of the tests " * 4)
        patch.setenv("AIRFLOW__API__BASE_URL", "")
        initdb()
        app = create_app("core")
        yield app
        purge_cached_app()
