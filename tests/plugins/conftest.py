"""The API server for the tests of the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from airflow_provider_getty.plugins.getty import GettyPlugin
from tests.support.gallery_world import GalleryWorld, api_server, clear


@pytest.fixture(scope="session")
def server() -> Iterator[FastAPI]:
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
    clear()
    gallery = GettyPlugin.fastapi_apps[0]["app"]
    vars(gallery).pop("app", None)
    world = GalleryWorld(server)
    with world.client:
        yield world
        assert world.client.portal
        world.client.portal.call(gallery.app.state.previews.close)
