"""The start page: generations, ledger, faults, requests and images, refreshed while the page is visible."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from getty_emulator.clock import iso
from getty_emulator.control import Control
from getty_emulator.faults.active import OPERATION_NAMES
from getty_emulator.faults.kinds import KINDS
from getty_emulator.operations.media import PREVIEW_SIDE, signed

if TYPE_CHECKING:
    from getty_emulator.service import Service
    from getty_emulator.state import Account, Generation

PAGE_SIZE = 20
ROWS = 100
VIEWS = {
    "generations": "Generations",
    "ledger": "Ledger",
    "faults": "Faults",
    "requests": "Requests",
    "images": "Images",
}
_MARKER = re.compile(r"airflow:[0-9a-f]+ ([\w-]+)\.", re.IGNORECASE)
"""Finds the DAG in the notes that Airflow's Getty provider writes: ``airflow:DIGEST DAG.TASK``."""


@dataclass(frozen=True, slots=True)
class Query:
    """A view of the page, its search and its page number."""

    view: str
    text: str
    page: int

    @classmethod
    def read(cls, parameters: Any) -> Query:
        """Read it from a URL's query; invalid values are ignored."""
        view, page = parameters.get("view", ""), parameters.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1  # noqa: PLR2004
        return cls(view if view in VIEWS else "generations", parameters.get("q", "").strip(), max(1, number))

    def link(self, **changes: Any) -> str:
        """Return the URL of another view."""
        parts = {"view": self.view, "q": self.text, "page": self.page} | changes
        return "/?" + urlencode({name: value for name, value in parts.items() if value not in {"", 1}})


def page_routes(service: Service) -> APIRouter:
    """Return the URL of the start page."""
    router = APIRouter()
    templates = Environment(loader=PackageLoader("getty_emulator"), autoescape=True, trim_blocks=True)

    async def start(request: Request) -> HTMLResponse:
        query = Query.read(request.query_params)
        nonce = secrets.token_urlsafe(16)
        address = str(request.base_url).rstrip("/")
        html = templates.get_template("start.html").render(
            address=address, nonce=nonce, query=query, views=VIEWS, **content(service, query)
        )
        policy = (
            f"default-src 'none'; img-src 'self' data:; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return HTMLResponse(html, headers=headers)

    router.add_api_route("/", start, response_class=HTMLResponse, include_in_schema=False)
    return router


def content(service: Service, query: Query) -> dict[str, Any]:
    """Return the values for the page's template: the figures at its top, and the content of the view."""
    state, now = service.state, service.clock.now()
    made = [item for account in state.accounts.values() for item in account.generations.values()]
    charges = [charge for account in state.accounts.values() for charge in account.charges]
    values: dict[str, Any] = {
        "total_generations": len(made),
        "pending": sum(account.pending(now) for account in state.accounts.values()),
        "credits": sum(charge.credits for charge in charges),
        "credits_left": sum(
            product.credits_remaining for account in state.accounts.values() for product in account.products
        ),
        "faults": [_shown_fault(fault) for fault in Control(service).list_faults()],
        "now": iso(now),
        "advanced": service.clock.advanced,
        "strict": service.strict,
        "dialect": service.dialect,
    }
    return values | _VIEWS[query.view](service, query)


def dag_of(notes: str | None) -> str | None:
    """Return the DAG that notes name."""
    found = _MARKER.search(notes or "")
    return found[1] if found else None


def _generations(service: Service, query: Query) -> dict[str, Any]:
    state, now = service.state, service.clock.now()
    made = [(account, item) for account in state.accounts.values() for item in account.generations.values()]
    found = [pair for pair in made if _matches(*pair, query.text.lower(), now)]
    found.sort(key=lambda pair: pair[1].created_at, reverse=True)
    spent: Counter[str] = Counter()
    for account in state.accounts.values():
        for charge in account.charges:
            spent[charge.generation_request_id] += charge.credits
    shown, pages = _paged(found, query.page, PAGE_SIZE)
    return {
        "found": len(found),
        "pages": pages,
        "generations": [
            {**_generation(service, account, item, now), "credits": spent[item.id]} for account, item in shown
        ],
    }


def _matches(account: Account, generation: Generation, text: str, now: float) -> bool:
    """Return True if the generation's data contains all words."""
    order = generation.order
    known = (
        order.prompt,
        order.negative_prompt,
        order.notes,
        order.project_code,
        order.generation_type,
        generation.id,
        account.key,
        _state(generation, now),
        order.source.asset_id if order.source else None,
    )
    everything = " ".join(filter(None, known)).lower()
    return all(word in everything for word in text.split())


def _ledger(service: Service, query: Query) -> dict[str, Any]:
    entries = Control(service).ledger()["entries"][::-1]
    by_dag: Counter[str] = Counter()
    for entry in entries:
        by_dag[dag_of(entry["notes"]) or "no DAG"] += entry["credits"]
    found = [entry for entry in entries if query.text.lower() in str(entry).lower()]
    shown, pages = _paged(found, query.page, ROWS)
    return {"entries": shown, "found": len(found), "pages": pages, "by_dag": by_dag.most_common()}


def _faults(service: Service, query: Query) -> dict[str, Any]:  # noqa: ARG001
    return {"kinds": Control(service).index()["faults"], "operations": sorted(OPERATION_NAMES)}


def _requests(service: Service, query: Query) -> dict[str, Any]:
    found = [
        {"date": iso(request.time), "request": request}
        for request in reversed(service.journal.list())
        if query.text.lower()
        in f"{request.operation} {request.path} {request.status} {request.fault}".lower()
    ]
    shown, pages = _paged(found, query.page, ROWS)
    return {"entries": shown, "found": len(found), "pages": pages}


def _images(service: Service, query: Query) -> dict[str, Any]:  # noqa: ARG001
    now = service.clock.now()
    library = service.studio.library.values()
    return {
        "images": [
            {"image": image, "thumbnail": signed(service.state, f"/media/library/{image.id}/320.jpg", now)}
            for image in library
        ]
    }


_VIEWS = {
    "generations": _generations,
    "ledger": _ledger,
    "faults": _faults,
    "requests": _requests,
    "images": _images,
}


def _paged(found: Sequence[Any], page: int, size: int) -> tuple[Sequence[Any], int]:
    """Return the items of a page and the number of pages; past the end, the last page."""
    pages = max(1, -(-len(found) // size))
    page = min(page, pages)
    return found[(page - 1) * size : page * size], pages


def _shown_fault(fault: dict[str, Any]) -> dict[str, Any]:
    kind = KINDS[fault["fault"]]
    details = {
        name: value
        for name, value in fault.items()
        if name not in {"id", "fault", "times"} and value not in (None, 0) and str(value) != "{}"
    }
    return {
        "id": fault["id"],
        "name": kind.name,
        "description": kind.description,
        "times": fault["times"],
        "details": details,
    }


def _state(generation: Generation, now: float) -> str:
    return "gone" if generation.is_gone(now) else "completed" if generation.is_ready(now) else "pending"


def _generation(service: Service, account: Account, generation: Generation, now: float) -> dict[str, Any]:
    state, order = service.state, generation.order

    def link(path: str) -> str:
        return signed(state, path, now)

    source = order.source
    original = None
    if source and source.asset_id:
        original = link(f"/media/library/{source.asset_id}/{PREVIEW_SIDE}.jpg")
    elif source and source.file_registration_id:
        original = link(f"/media/registrations/{source.file_registration_id}/{PREVIEW_SIDE}.jpg")
    elif source:
        original = link(
            f"/media/generations/{source.generation_request_id}/{source.index}/{PREVIEW_SIDE}.jpg"
        )
    ready = generation.is_ready(now)
    return {
        "id": generation.id,
        "order": order,
        "account": account.key,
        "dag": dag_of(order.notes),
        "date": iso(generation.created_at),
        "state": _state(generation, now),
        "seed": generation.seed,
        "original": original,
        "mask": link(f"/media/masks/{generation.id}.jpg") if order.mask else None,
        "results": [
            None
            if index in generation.blocked
            else link(f"/media/generations/{generation.id}/{index}/{PREVIEW_SIDE}.jpg")
            for index in range(order.images if ready else 0)
        ],
    }
