"""The start page: what was generated lately, what may be used, what it cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from getty_emulator.clock import iso
from getty_emulator.operations.media import PREVIEW_SIDE, signed

if TYPE_CHECKING:
    from getty_emulator.service import Service
    from getty_emulator.state import Account, Generation

SHOWN = 20


def page_routes(service: Service) -> APIRouter:
    """Return the address of the start page."""
    router = APIRouter()
    templates = Environment(loader=PackageLoader("getty_emulator"), autoescape=True, trim_blocks=True)

    async def start(request: Request) -> HTMLResponse:
        template = templates.get_template("start.html")
        address = str(request.base_url).rstrip("/")
        return HTMLResponse(template.render(address=address, **_content(service)))

    router.add_api_route("/", start, response_class=HTMLResponse, include_in_schema=False)
    return router


def _content(service: Service) -> dict[str, Any]:
    state, now = service.state, service.clock.now()
    made = [(account, item) for account in state.accounts.values() for item in account.generations.values()]
    latest = sorted(made, key=lambda pair: pair[1].created_at)[: -SHOWN - 1 : -1]
    spent: Counter[str] = Counter()
    for account in state.accounts.values():
        for charge in account.charges:
            spent[charge.generation_request_id] += charge.credits
    return {
        "generations": [
            {**_generation(service, account, generation, now), "credits": spent[generation.id]}
            for account, generation in latest
        ],
        "total_generations": len(made),
        "credits": spent.total(),
        "images": [
            {"image": image, "thumbnail": signed(state, f"/media/library/{image.id}/320.jpg", now)}
            for image in service.studio.library.values()
        ],
        "pending": any(not generation.is_ready(now) for _, generation in latest),
        "faults": list(service.faults),
        "now": iso(now),
    }


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
        "date": iso(generation.created_at),
        "state": "gone" if generation.is_gone(now) else "completed" if ready else "pending",
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
