"""Makes the HTML pages of a DAG, a run and a task, without requests to Getty or a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from airflow.utils.session import create_session
from fastapi import HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from airflow_provider_getty import __version__
from airflow_provider_getty.links.getty import GALLERY_PREFIX, ORIGINALS_URL, image_path
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.plugins.gallery import reading
from airflow_provider_getty.plugins.gallery.folders import Folders, NotShownError
from airflow_provider_getty.plugins.gallery.journals import Journals, asked_of, sheet_of
from airflow_provider_getty.plugins.gallery.reading import TaskFacts
from airflow_provider_getty.plugins.gallery.sheets import Frame, Sheet, sheets_of, whole

SHEETS = 24
"""Generations on a page."""
RUNS = 10
"""Runs on the page of a DAG."""
_OF_A_RUN = 6
_OF_A_BATCH = 8
_UNFINISHED = (
    "queued",
    "running",
    "deferred",
    "scheduled",
    "up_for_retry",
    "up_for_reschedule",
    "restarting",
)
_COUNTS = ("total", "submitted", "completed", "blocked", "failed", "charged", "downloaded")


@dataclass(frozen=True)
class Asked:
    """A request for a page."""

    request: Request
    folders: Folders
    journals: Journals


@dataclass(kw_only=True)
class Section:
    """A part of a page: the generations of a run, or a batch.

    :param link: the page with the rest.
    :param counts: the counts of a batch.
    :param note: why something is not shown.
    """

    title: str = ""
    link: str = ""
    more: str = ""
    state: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    sheets: list[Sheet] = field(default_factory=list)


def of_dag(asked: Asked, dag_id: str, page: int) -> Response:
    """The newest runs of a DAG, each with its first generations."""
    urls = Urls.of(asked.request)
    sections = []
    with create_session(scoped=False) as session:
        runs = reading.runs_of(session, dag_id, offset=(page - 1) * RUNS, limit=RUNS + 1)
        for run_id, state in runs[:RUNS]:
            tasks = reading.tasks_of(session, dag_id, run_id, last=_OF_A_RUN - 1)
            section = Section(
                title=run_id, link=urls.run(dag_id, run_id), more="all of this run", state=state
            )
            section.sheets = sheets_of(tasks)[:_OF_A_RUN]
            batches = [task for task in tasks if issubclass(task.kind, GettyBatchOperator)]
            for batch in batches[:_OF_A_RUN]:
                part = _batch(asked, batch, urls, first=0, most=_OF_A_RUN)
                section.sheets += part.sheets
                section.note = section.note or part.note
            sections.append(section)
    pager = urls.pager(urls.dag(dag_id), page, has_next=len(runs) > RUNS)
    return _render(
        asked, urls, title=dag_id, crumbs=[], sections=sections, pager=pager, airflow=f"/dags/{_q(dag_id)}"
    )


def of_run(asked: Asked, dag_id: str, run_id: str, page: int) -> Response:
    """The generations of a run, those of mapped tasks ordered by map index."""
    urls = Urls.of(asked.request)
    with create_session(scoped=False) as session:
        if not reading.has_run(session, dag_id, run_id):
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such run.")
        highest = reading.last_map_index(session, dag_id, run_id)
        tasks = reading.tasks_of(session, dag_id, run_id, first=_first(page), last=page * SHEETS - 1)
    batches = [task for task in tasks if issubclass(task.kind, GettyBatchOperator)]
    sections = [Section(sheets=sheets_of(tasks))]
    sections += [_batch(asked, task, urls, first=0, most=_OF_A_BATCH) for task in batches]
    return _render(
        asked,
        urls,
        title=run_id,
        crumbs=[(dag_id, urls.dag(dag_id))],
        sections=sections,
        pager=urls.pager(urls.run(dag_id, run_id), page, has_next=highest >= page * SHEETS),
        airflow=f"/dags/{_q(dag_id)}/runs/{_q(run_id)}",
        is_live=_is_live(tasks),
    )


def of_task(
    asked: Asked, dag_id: str, run_id: str, task_id: str, map_index: int | None, page: int
) -> Response:
    """The generations of a task: of all its instances, or of one."""

    def is_asked(task: TaskFacts) -> bool:
        return task.task_id == task_id and map_index in (None, task.map_index)

    urls = Urls.of(asked.request)
    with create_session(scoped=False) as session:
        if not reading.has_run(session, dag_id, run_id):
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such run.")
        highest = reading.last_map_index(session, dag_id, run_id, task_id) if map_index is None else -1
        is_one = highest < 0
        windows = {(_first(page), page * SHEETS - 1)}
        if is_one:
            windows = {(-1, -1), (map_index, map_index)} if map_index is not None else {(-1, -1)}
        around = [
            task
            for first, last in sorted(windows)
            for task in reading.tasks_of(session, dag_id, run_id, first=first, last=last)
        ]
    tasks = list(filter(is_asked, around))
    here = urls.task(dag_id, run_id, task_id, -1 if map_index is None else map_index)
    has_next = not is_one and highest >= page * SHEETS
    # What another task of the run did with the generation, such as to wait for it, belongs on its sheet.
    sections = [Section(sheets=[sheet for sheet in sheets_of(around) if any(map(is_asked, sheet.tasks))])]
    for task in tasks:
        if issubclass(task.kind, GettyBatchOperator) and is_one:
            section = _batch(asked, task, urls, first=(page - 1) * SHEETS, most=SHEETS)
            has_next = bool(section.more)
            section.more = ""
            sections.append(section)
        elif issubclass(task.kind, GettyBatchOperator):
            sections.append(_batch(asked, task, urls, first=0, most=_OF_A_BATCH))
    name = task_id if map_index is None else f"{task_id}[{map_index}]"
    return _render(
        asked,
        urls,
        title=name,
        crumbs=[(dag_id, urls.dag(dag_id)), (run_id, urls.run(dag_id, run_id))],
        sections=sections,
        pager=urls.pager(here, page, has_next=has_next),
        airflow=urls.in_airflow(dag_id, run_id, task_id, map_index),
        is_live=_is_live(tasks),
        is_ours=bool(tasks),
    )


def error(request: Request, status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    """A page that says why nothing is shown."""
    urls = Urls.of(request)
    html = _templates().get_template("error.html").render(urls=urls, status=status, why=why)
    return HTMLResponse(_encoded(html), status_code=status, headers=headers)


def _batch(asked: Asked, task: TaskFacts, urls: Urls, *, first: int, most: int) -> Section:
    """A batch: its counts, and some of its items."""
    section = Section(
        title=task.name,
        link=urls.task(task.dag_id, task.run_id, task.task_id, task.map_index),
        state=task.state or "",
        counts=_counts(task),
    )
    if not asked.folders:
        return section
    try:
        items = asked.journals.items(asked.folders, task)
    except NotShownError as refusal:
        section.note = str(refusal)
        return section
    shown = items[first : first + most]
    requests = asked_of(asked.folders, task, [item.number for item in shown])
    section.sheets = [sheet_of(task, item, requests.get(item.number)) for item in shown]
    section.more = f"all {len(items):,} items" if len(items) > first + most else ""
    return section


def _counts(task: TaskFacts) -> dict[str, int]:
    """The counts of a batch, from its result or, while it runs, from its reports (Airflow 3.3)."""
    for source in (task.result, task.states.get("getty_batch")):
        if isinstance(source, Mapping) and whole(source.get("total")):
            return {name: whole(source.get(name)) or 0 for name in _COUNTS}
    return {}


def _first(page: int) -> int:
    return -1 if page == 1 else (page - 1) * SHEETS


def _is_live(tasks: Iterable[TaskFacts]) -> bool:
    return any(task.state is None or task.state in _UNFINISHED for task in tasks)


@dataclass(frozen=True)
class Urls:
    """The addresses of the gallery, and of Airflow around it.

    :param gallery: the path of the gallery, with that of Airflow's base URL.
    :param is_embedded: whether the page is in a tab, from which no link can lead to another site.
    """

    gallery: str
    airflow: str
    is_embedded: bool

    @classmethod
    def of(cls, request: Request) -> Urls:
        """The addresses for a request."""
        root = str(request.scope.get("root_path", ""))
        is_embedded = request.query_params.get("embedded") == "1"
        return cls(root, root.removesuffix(GALLERY_PREFIX), is_embedded)

    def dag(self, dag_id: str) -> str:
        """The page of a DAG."""
        return self._page(f"/dags/{_q(dag_id)}")

    def run(self, dag_id: str, run_id: str) -> str:
        """The page of a run."""
        return self._page(f"/dags/{_q(dag_id)}/runs/{_q(run_id)}")

    def task(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
        """The page of a task instance, or of all instances of a mapped task."""
        query = {"map_index": map_index} if map_index >= 0 else {}
        return self._page(f"/dags/{_q(dag_id)}/runs/{_q(run_id)}/tasks/{_q(task_id)}", **query)

    def image(self, frame: Frame, size: str) -> str:
        """An image of a task."""
        task = frame.task
        which: dict[str, Any] = {"kind": frame.kind, "index": frame.index, "size": size}
        if frame.item is not None:
            which["item"] = frame.item
        path = image_path(task.dag_id, task.run_id, task.task_id, task.map_index, **which)
        return self.gallery + path.removeprefix(GALLERY_PREFIX)

    def in_airflow(self, dag_id: str, run_id: str, task_id: str, map_index: int | None) -> str:
        """The path of a task instance in Airflow, below its base URL."""
        mapped = "" if map_index is None or map_index < 0 else f"/mapped/{map_index}"
        return f"/dags/{_q(dag_id)}/runs/{_q(run_id)}/tasks/{_q(task_id)}{mapped}"

    def original(self, image_id: str) -> str:
        """The page of a library image at Getty."""
        return f"{ORIGINALS_URL}{_q(image_id)}"

    def style(self) -> str:
        """The style sheet, with an address of its own for each version."""
        return f"{self.gallery}/static/gallery.css?v={__version__}"

    def pager(self, here: str, page: int, *, has_next: bool) -> list[tuple[str, str]]:
        """Links to the previous and the next page."""
        joint = "&" if "?" in here else "?"
        before = [("← Newer" if "/runs/" not in here else "← Back", f"{here}{joint}page={page - 1}")]
        after = [("Older →" if "/runs/" not in here else "Next →", f"{here}{joint}page={page + 1}")]
        return (before if page > 1 else []) + (after if has_next else [])

    def _page(self, path: str, **query: Any) -> str:
        query |= {"embedded": 1} if self.is_embedded else {}
        return f"{self.gallery}{path}" + (f"?{urlencode(query)}" if query else "")


def _q(text: str) -> str:
    return quote(text, safe="")


def _numbered(sections: Iterable[Section]) -> Iterator[Frame]:
    for section in sections:
        for sheet in section.sheets:
            yield from sheet.frames


def _render(asked: Asked, urls: Urls, *, sections: list[Section], **values: Any) -> Response:
    values = {"is_live": False, "is_ours": True, **values}
    # Each image has an address within the page, at which it opens enlarged.
    numbers = {id(frame): number for number, frame in enumerate(_numbered(sections), 1)}
    html = (
        _templates()
        .get_template("gallery.html")
        .render(
            urls=urls,
            sections=[each for each in sections if each.sheets or each.title or each.note],
            is_on=bool(asked.folders),
            number=lambda frame: numbers[id(frame)],
            **values,
        )
    )
    return HTMLResponse(_encoded(html))


def _encoded(html: str) -> bytes:
    """Encode as UTF-8; half of a surrogate pair, left by a program that truncated text, becomes a question mark."""
    return html.encode(errors="replace")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("airflow_provider_getty.plugins.gallery"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
