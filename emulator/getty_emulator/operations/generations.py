"""GET a generation: 202 while it is pending, then its images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from getty_emulator.answers import (
    Answer,
    generation_gone,
    generation_not_found,
    json_answer,
)
from getty_emulator.operations.bodies import fitted
from getty_emulator.operations.call import (
    OLD_DIALECTS,
    Access,
    Call,
    Operation,
    Path,
    int32,
)
from getty_emulator.operations.media import PREVIEW_SIDE, image_link
from getty_emulator.state import Generation

PREVIEW_SIZE = "comp"
"""Getty documents no names for preview sizes."""


async def get_generation(call: Call) -> Answer:
    """Answer a poll."""
    generation = find(call)
    if call.take("finish-at-once"):
        ready_at = min(generation.ready_at, call.now())
        call.service.save(replace(generation, ready_at=ready_at))
        generation.ready_at = ready_at
    if call.take("stay-pending") or not generation.is_ready(call.now()):
        return pending(generation)
    return json_answer(200, result(call, generation))


def find(call: Call) -> Generation:
    """Return the generation in the path, if it belongs to the account and has not expired."""
    generation = call.account.generations.get(call.segments["id"].lower())
    if generation is None:
        raise generation_not_found()
    if generation.is_gone(call.now()):
        raise generation_gone()
    return generation


def find_image(call: Call) -> tuple[Generation, int]:
    """Return the image in the path. A pending or blocked image counts as missing."""
    index = int32(call, "index")
    generation = find(call)
    if not generation.is_ready(call.now()):
        raise generation_not_found("The generation is still pending.")
    if index >= generation.order.images or index in generation.blocked:
        raise generation_not_found("The generation has no such image.")
    return generation, index


def pending(generation: Generation) -> Answer:
    """Answer that the generation is not ready."""
    return json_answer(202, {"generation_request_id": generation.id})


def result(call: Call, generation: Generation) -> dict[str, Any]:
    """Return a finished generation in Getty's form. A blocked image has no URLs."""
    content: dict[str, Any] = {
        "generation_request_id": generation.id,
        "seed": generation.seed,
        "results": [_image(call, generation, index) for index in range(generation.order.images)],
    }
    if asset := original_asset(generation):
        content["original_asset"] = asset
    return content


def original_asset(generation: Generation) -> dict[str, str] | None:
    """Return the library image that the generation was made from, if any."""
    source = generation.order.source
    return {"id": source.asset_id} if source and source.asset_id else None


def previews(call: Call, generation: Generation, index: int) -> list[dict[str, Any]]:
    """Return the previews of one image."""
    if index in generation.blocked:
        return []
    width, height = fitted(generation.order.width, generation.order.height, PREVIEW_SIDE)
    url = image_link(call, generation, index, PREVIEW_SIDE)
    return [{"preview_size": PREVIEW_SIZE, "image_url": url, "width": width, "height": height}]


def _image(call: Call, generation: Generation, index: int) -> dict[str, Any]:
    shown = previews(call, generation, index)
    return {
        "index": index,
        "is_blocked": index in generation.blocked,
        "preview_urls": shown,
        "url": shown[0]["image_url"] if shown else None,
    }


OPERATIONS = (
    Operation(
        "get-generation",
        "GET",
        (
            Path("/v3/ai/image-generations/{id}"),
            Path("/beta/ai/image-generations/{id}", OLD_DIALECTS),
        ),
        Access.API_KEY_AND_TOKEN,
        get_generation,
    ),
)
