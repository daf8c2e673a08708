"""The pages and images of the gallery, as a FastAPI application that Airflow's API server mounts.

Every address begins with a DAG, and Airflow decides who may see it. An address names an image by its task, never by a
path; each request finds the image again from the facts of the task; see :mod:`.reading`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http import HTTPStatus
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.utils.session import create_session
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from markupsafe import escape
from starlette.exceptions import HTTPException as AnyHTTPException

from airflow_provider_getty.inputs import config
from airflow_provider_getty.plugins.gallery import images, pages, reading
from airflow_provider_getty.plugins.gallery.connections import account_of
from airflow_provider_getty.plugins.gallery.folders import Folders, NotShownError
from airflow_provider_getty.plugins.gallery.journals import Journals
from airflow_provider_getty.plugins.gallery.pictures import Size
from airflow_provider_getty.plugins.gallery.pool import in_pool
from airflow_provider_getty.plugins.gallery.previews import Previews
from airflow_provider_getty.plugins.gallery.reading import TaskFacts
from airflow_provider_getty.plugins.gallery.sheets import Kind

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; "
        "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
# Another user who logs in with the same browser must not find images in its cache.
_PRIVATE = {"Cache-Control": "private, max-age=300", "Vary": "Authorization, Cookie"}
_STYLE = Path(__file__).parent / "static" / "gallery.css"
_FILE_READERS = 4
_PAGE_MAKERS = 4


async def _one_dag(request: Request, dag_id: str) -> None:
    """Refuse invalid DAG ids, and ``~``, for which Airflow would check access to any DAG."""
    if dag_id == "~":
        raise HTTPException(HTTPStatus.NOT_FOUND, "Name one DAG.")
    # PostgreSQL does not accept NUL.
    if any(not str(name).isprintable() for name in request.path_params.values()):
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is nothing with this name.")


_gallery = APIRouter(
    dependencies=[
        Depends(_one_dag),
        Depends(requires_access_dag("GET", DagAccessEntity.XCOM)),
        Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
    ]
)


def _map_index(map_index: str | None = None) -> int | None:
    """The map index; None for all, and for a ``{MAP_INDEX}`` that Airflow's web page has not replaced."""
    return int(map_index) if map_index and re.fullmatch(r"\d{1,9}", map_index, re.ASCII) else None


def _page(page: str | None = None) -> int:
    """The number of a page, from 1."""
    return int(page) if page and re.fullmatch(r"[1-9]\d{0,5}", page, re.ASCII) else 1


MapIndex = Annotated[int | None, Depends(_map_index)]
PageNumber = Annotated[int, Depends(_page)]


def create_app() -> FastAPI:
    """Make the application, with its own caches."""
    # A redirect that removes a trailing slash would use the host and the scheme of the request.
    app = FastAPI(
        title="Getty gallery", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.journals, app.state.previews = Journals(), Previews(account_of)
    app.state.files = ThreadPoolExecutor(_FILE_READERS, "getty-gallery-files")
    app.state.pages = ThreadPoolExecutor(_PAGE_MAKERS, "getty-gallery-pages")
    app.include_router(_gallery)

    @app.middleware("http")
    async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.exception_handler(AnyHTTPException)
    async def _error(request: Request, error: AnyHTTPException) -> Response:
        return pages.error(request, error.status_code, str(error.detail), error.headers)

    @app.get("/static/gallery.css")
    def style() -> Response:
        return Response(_style(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    return app


@_gallery.get("/dags/{dag_id}")
async def dag(request: Request, dag_id: str, page: PageNumber) -> Response:
    """The newest runs of a DAG."""
    return await _made(request, lambda asked: pages.of_dag(asked, dag_id, page))


@_gallery.get("/dags/{dag_id}/runs/{run_id}")
async def run(request: Request, dag_id: str, run_id: str, page: PageNumber) -> Response:
    """A run."""
    return await _made(request, lambda asked: pages.of_run(asked, dag_id, run_id, page))


@_gallery.get("/dags/{dag_id}/runs/{run_id}/tasks/{task_id}")
async def task(
    request: Request, dag_id: str, run_id: str, task_id: str, map_index: MapIndex, page: PageNumber
) -> Response:
    """A task, mapped or not."""
    return await _made(request, lambda asked: pages.of_task(asked, dag_id, run_id, task_id, map_index, page))


@_gallery.get("/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/image")
async def image(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: MapIndex,
    kind: Kind,
    size: Size = "thumb",
    index: int = 0,
    item: int | None = None,
) -> Response:
    """An image of a task."""
    state = request.app.state
    try:
        folders, facts = await in_pool(state.pages, lambda: _task(dag_id, run_id, task_id, map_index))
        wanted = images.Wanted(kind, size, index, item)
        jpeg = await images.jpeg(facts, wanted, folders, state.journals, state.previews, state.files)
    except NotShownError as refusal:
        return _placeholder(HTTPStatus.NOT_FOUND, str(refusal))
    except TimeoutError:
        return _placeholder(HTTPStatus.GATEWAY_TIMEOUT, "It takes too long now.")
    return Response(jpeg, media_type="image/jpeg", headers=_PRIVATE)


@cache
def _style() -> bytes:
    return _STYLE.read_bytes()


def _folders() -> Folders:
    return Folders.of(config.gallery_folders())


async def _made(request: Request, make: Callable[[pages.Asked], Response]) -> Response:
    state = request.app.state
    try:
        return await in_pool(state.pages, lambda: make(pages.Asked(request, _folders(), state.journals)))
    except TimeoutError:
        raise HTTPException(HTTPStatus.GATEWAY_TIMEOUT, "It takes too long: try again later.") from None


def _task(dag_id: str, run_id: str, task_id: str, map_index: int | None) -> tuple[Folders, TaskFacts]:
    if not (folders := _folders()):
        raise NotShownError("The gallery is off.")
    index = -1 if map_index is None else map_index
    with create_session(scoped=False) as session:
        found = reading.tasks_of(session, dag_id, run_id, task_id=task_id, first=index, last=index)
    if not found:
        raise NotShownError("There is no such task of this provider.")
    return folders, found[0]


def _placeholder(status: HTTPStatus, why: str) -> Response:
    """A picture that says why an image is not shown."""
    lines = wrap(why, 32, max_lines=6, placeholder=" …")
    middle = 105 - 10 * (len(lines) - 1)
    texts = (f'<text x="150" y="{middle + 20 * n}">{escape(line)}</text>' for n, line in enumerate(lines))
    svg: Any = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200" font-family="sans-serif" font-size="15">'
        f'<rect width="300" height="200" fill="#8884"/><g text-anchor="middle" fill="#aaa">{"".join(texts)}</g></svg>'
    )
    return Response(svg, status_code=status, media_type="image/svg+xml")
