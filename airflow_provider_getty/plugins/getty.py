"""GettyPlugin: the gallery in Airflow's web interface. It loads in every process of Airflow, so it stays light."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from airflow_provider_getty.links.getty import GALLERY_PREFIX

if TYPE_CHECKING:
    from fastapi import FastAPI

_RUN = "getty/dags/{DAG_ID}/runs/{RUN_ID}"


class LazyApp:
    """An ASGI application that is created with its first request: only API servers need FastAPI and Pillow."""

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        await self.app(scope, receive, send)

    @cached_property
    def app(self) -> FastAPI:
        """The gallery."""
        from airflow_provider_getty.plugins.gallery.app import create_app  # noqa: PLC0415

        return create_app()


class GettyPlugin(AirflowPlugin):
    """Shows what tasks have generated, in a tab of DAGs, runs and tasks, and on its own pages."""

    name = "getty"
    fastapi_apps = [  # noqa: RUF012 - as Airflow declares it
        {"name": "Getty gallery", "url_prefix": GALLERY_PREFIX, "app": LazyApp()}
    ]
    # Relative to the base of Airflow's pages, so that it may have a path.
    external_views = [  # noqa: RUF012
        {
            "name": "Gallery",
            "href": "getty/dags/{DAG_ID}?embedded=1",
            "destination": "dag",
            "url_route": "getty-gallery-dag",
        },
        {
            "name": "Gallery",
            "href": f"{_RUN}?embedded=1",
            "destination": "dag_run",
            "url_route": "getty-gallery-run",
        },
        {
            "name": "Gallery",
            "href": f"{_RUN}/tasks/{{TASK_ID}}?embedded=1&map_index={{MAP_INDEX}}",
            "destination": "task_instance",
            "url_route": "getty-gallery",
        },
    ]
