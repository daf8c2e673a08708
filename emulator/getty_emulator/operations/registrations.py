"""File registrations: turn an upload into a permanent reference image or product, whose rights the caller claims."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from PIL import Image

from getty_emulator.answers import Answer, invalid_parameter, json_answer, service_error
from getty_emulator.clock import iso
from getty_emulator.operations.bodies import LONGER_SIDE, fitted, require
from getty_emulator.operations.call import (
    NEW_DIALECTS,
    OLD_DIALECTS,
    Access,
    Call,
    Fields,
    Operation,
    Path,
)
from getty_emulator.operations.generations import PREVIEW_SIZE
from getty_emulator.operations.media import PREVIEW_SIDE, registration_link
from getty_emulator.operations.uploads import find_upload
from getty_emulator.state import Category, Registration

_BETA, _V3 = "/beta/ai/file-registrations", "/v3/ai/file-registrations"
_CATEGORIES = {category.value: category for category in Category}


class RegistrationBody(Fields):
    """The body of a registration."""

    url: str | None = None
    rights_claimed: bool | None = None
    category: str = Category.IMAGE_REFERENCE


async def register(call: Call) -> Answer:
    """Keep an upload permanently. It costs nothing."""
    body = call.read(RegistrationBody)
    require("url", body.url)
    if not body.rights_claimed:
        raise invalid_parameter("rights_claimed", "The rights of the file must be claimed: true.")
    if body.category not in _CATEGORIES:
        raise invalid_parameter("category", f"It must be one of {', '.join(_CATEGORIES)}.")
    upload = find_upload(call, "url", body.url or "")
    width, height = fitted(*await call.service.in_thread(_size, upload.content), LONGER_SIDE)
    registration = Registration(
        id=call.service.new_id(),
        account=call.account.key,
        category=_CATEGORIES[body.category],
        content=upload.content,
        width=width,
        height=height,
        created_at=call.now(),
    )
    call.service.save(registration)
    call.account.registrations[registration.id] = registration
    return json_answer(200, {"id": registration.id})


async def get_registration(call: Call) -> Answer:
    """Show one file."""
    return json_answer(200, _shown(call, _find(call)))


async def list_registrations(call: Call) -> Answer:
    """List the files, newest first, one page at a time."""
    kept = [file for file in reversed(call.account.registrations.values()) if not file.is_archived]
    count, found = call.page_of(kept)
    return json_answer(
        200, {"result_count": count, "file_registrations": [_listed(call, file) for file in found]}
    )


async def delete_registration(call: Call) -> Answer:
    """Archive a file. It can no longer be used, but images made from it stay."""
    registration = _find(call)
    call.service.save(replace(registration, is_archived=True))
    registration.is_archived = True
    return Answer(204)


def _find(call: Call) -> Registration:
    registration = call.account.registrations.get(call.segments["id"])
    if registration is None or registration.is_archived:
        raise service_error(404, "FileRegistrationIdNotFound", "There is no such file registration.")
    return registration


def _shown(call: Call, registration: Registration) -> dict[str, Any]:
    width, height = fitted(registration.width, registration.height, PREVIEW_SIDE)
    url = registration_link(call, registration, PREVIEW_SIDE)
    preview = {"preview_size": PREVIEW_SIZE, "image_url": url, "width": width, "height": height}
    return {"id": registration.id, "preview_urls": [preview]}


def _listed(call: Call, registration: Registration) -> dict[str, Any]:
    return {**_shown(call, registration), "date_created": iso(registration.created_at)}


def _size(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


_BOTH = (Path(_BETA, OLD_DIALECTS), Path(_V3, NEW_DIALECTS))
_ONE = (Path(_BETA + "/{id}", OLD_DIALECTS), Path(_V3 + "/{id}", NEW_DIALECTS))
OPERATIONS = (
    Operation("file-registrations", "POST", _BOTH, Access.API_KEY_AND_TOKEN, register),
    Operation("get-file-registration", "GET", _ONE, Access.API_KEY_AND_TOKEN, get_registration),
    Operation(
        "list-file-registrations",
        "GET",
        _BOTH[1:],
        Access.API_KEY_AND_TOKEN,
        list_registrations,
        frozenset({"page", "page_size"}),
    ),
    Operation("delete-file-registration", "DELETE", _ONE[1:], Access.API_KEY_AND_TOKEN, delete_registration),
)
