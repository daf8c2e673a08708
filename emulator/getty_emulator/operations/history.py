"""GET generation-history: the account's generations, newest first."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from getty_emulator.answers import (
    Answer,
    generation_not_found,
    invalid_parameter,
    json_answer,
    service_error,
)
from getty_emulator.clock import iso
from getty_emulator.operations.call import Access, Call, Operation, Path
from getty_emulator.operations.generations import original_asset, previews
from getty_emulator.state import Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MEDIA_TYPES = frozenset({"photography", "illustration"})
MEDIA_TYPE = "photography"
"""The media type of a generation that requested none, because the library contains photographs."""
_DOCUMENTED_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_QUERY = frozenset(
    {"page", "page_size", "date_start", "date_end", "media_type", "product_ids", "company_generations"}
)
_SHOWN_OPTIONS = ("aspect_ratio", "mood")


async def history(call: Call) -> Answer:
    """List generations, one page at a time."""
    if _flag(call, "company_generations") and not call.account.company_generations:
        raise service_error(403, "NotAuthorized", "The account is not configured for company generations.")
    count, found = call.page_of(list(_matching(call)))
    shown = [_item(call, generation) for generation in found]
    return json_answer(200, {"result_count": count, "generations": shown})


async def history_item(call: Call) -> Answer:
    """Show one generation."""
    generation = call.account.generations.get(call.segments["id"].lower())
    if generation is None or generation.is_gone(call.now()) or not _listed(call)(generation):
        raise generation_not_found()
    return json_answer(200, _item(call, generation))


def _matching(call: Call) -> Iterator[Generation]:
    """Yield the requested generations, newest first."""
    start, end = _moment(call, "date_start"), _moment(call, "date_end")
    media_type = call.parameter("media_type")
    if media_type not in {None, *_MEDIA_TYPES}:
        raise invalid_parameter("media_type", f"It must be one of {', '.join(sorted(_MEDIA_TYPES))}.")
    products = _product_ids(call)
    now, is_listed = call.now(), _listed(call)
    for generation in reversed(list(call.account.generations.values())):
        if (start is not None and generation.created_at < start) or generation.is_gone(now):
            return
        if not is_listed(generation) or (end is not None and generation.created_at > end):
            continue
        if media_type not in {None, _media_type(generation)} or (
            products and generation.order.product_id not in products
        ):
            continue
        yield generation


def _listed(call: Call) -> Callable[[Generation], bool]:
    """Return the test for generations that this history call can see; faults can make it lag or see nothing."""
    now = call.now()
    hidden, lag = call.take("history-hidden"), call.take("history-lag")
    newest = -math.inf if hidden else now - lag.parameters["seconds"] if lag else now
    return lambda generation: generation.listed_at <= now and generation.created_at <= newest


def _item(call: Call, generation: Generation) -> dict[str, Any]:
    """Return a generation as the history shows it. A pending one has no results yet."""
    order, source = generation.order, generation.order.source
    ready = generation.is_ready(call.now())
    content: dict[str, Any] = {
        "generation_request_id": generation.id,
        "seed": generation.seed,
        "generation_date": iso(generation.created_at),
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "product_id": order.product_id,
        "notes": order.notes,
        "project_code": order.project_code,
        "generation_type": order.generation_type,
        "generation_options": {
            "media_type": _media_type(generation),
            **{name: order.options[name] for name in _SHOWN_OPTIONS if name in order.options},
        },
        "original_asset": original_asset(generation),
        "results": [
            {
                "index": index,
                "is_blocked": index in generation.blocked,
                "preview_urls": previews(call, generation, index),
            }
            for index in range(order.images if ready else 0)
        ],
    }
    if source and source.generation_request_id:
        content["source_generation_request"] = {
            "source_generation_request_id": source.generation_request_id,
            "source_generation_result_index": source.index,
        }
    return {name: value for name, value in content.items() if value is not None}


def _media_type(generation: Generation) -> str:
    return str(generation.order.options.get("media_type", MEDIA_TYPE))


def _flag(call: Call, name: str) -> bool:
    text = call.parameter(name) or "false"
    if not call.service.strict:
        text = text.lower()
    if text not in {"true", "false"}:
        raise invalid_parameter(name, "It must be true or false.")
    return text == "true"


def _product_ids(call: Call) -> set[int]:
    texts = [text for value in call.query().get("product_ids", []) for text in value.split(",") if text]
    if not all(text.isascii() and text.isdigit() for text in texts):
        raise invalid_parameter("product_ids", "They must be numbers.")
    return set(map(int, texts))


def _moment(call: Call, name: str) -> float | None:
    """Parse a date, or a date and time. The default zone is UTC, the default time 00:00:00.

    If strict, only ``YYYY-MM-DDTHH:mm:ssZ`` is accepted.
    """
    text = call.parameter(name)
    if text is None:
        return None
    if call.service.strict and not _DOCUMENTED_DATE.fullmatch(text):
        raise invalid_parameter(name, "It must be written YYYY-MM-DDTHH:mm:ssZ.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_parameter(name, "It must be a date or a date and time in ISO 8601.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


OPERATIONS = (
    Operation(
        "generation-history",
        "GET",
        (Path("/v3/ai/generation-history"),),
        Access.API_KEY_AND_TOKEN,
        history,
        _QUERY,
    ),
    Operation(
        "generation-history-item",
        "GET",
        (Path("/v3/ai/generation-history/{id}"),),
        Access.API_KEY_AND_TOKEN,
        history_item,
    ),
)
