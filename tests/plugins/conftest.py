"""The API server for the tests of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi import FastAPI
    from getty_emulator.server import Emulator

    from airflow_provider_getty.operators.refine import GettyRefineOperator
    from tests.support.gallery_world import GalleryWorld

# Airflow 3.1 warns while it is imported, and conftest files are read before the filters for that are set.


@pytest.fixture(scope="session")
def server() -> Iterator[FastAPI]:
    from tests.support.gallery_world import api_server  # noqa: PLC0415

    with api_server() as app:
        yield app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder whose files the gallery may show."""
    folder = tmp_path / "getty"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__GETTY__GALLERY_FOLDERS", str(folder))
    return folder


@pytest.fixture
def world(server: FastAPI) -> Iterator[GalleryWorld]:
    """The server, which knows no DAG, and whose gallery remembers nothing."""
    from airflow_provider_getty.plugins.getty import GettyPlugin  # noqa: PLC0415
    from tests.support.airflow_database import clear  # noqa: PLC0415
    from tests.support.gallery_world import GalleryWorld  # noqa: PLC0415

    clear()
    gallery = GettyPlugin.fastapi_apps[0]["app"]
    vars(gallery).pop("app", None)
    world = GalleryWorld(server)
    with world.client:
        yield world
        assert world.client.portal
        world.client.portal.call(gallery.app.state.previews.close)


@pytest.fixture
def refined(world: GalleryWorld, getty: Emulator, folder: Path) -> GettyRefineOperator:
    """A refine that has succeeded, for a prompt that is HTML."""
    from tests.support.gallery_pages import HTML  # noqa: PLC0415 - likewise
    from tests.support.refine_tasks import refine  # noqa: PLC0415
    from tests.support.task_runs import Worker  # noqa: PLC0415

    task = world.store_task(refine())
    run = Worker().run(task)
    world.ran(task, run, rendered={**run.rendered, "prompt": HTML})
    getty._service.journal.clear()
    return task
