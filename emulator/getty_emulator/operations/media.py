"""The images themselves, at signed URLs that expire and need no credentials."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from getty_emulator.answers import Answer, Refused, json_answer
from getty_emulator.operations.call import Access, Call, Operation, Path

if TYPE_CHECKING:
    from getty_emulator.state import Generation, Registration, State

PREVIEW_SIDE = 612
LINK_HOURS = 24
_CACHED = (("Cache-Control", "private, max-age=3600"),)
_SIDES = frozenset({320, PREVIEW_SIDE, 1024, 4096})


def image_link(call: Call, generation: Generation, index: int, side: int) -> str:
    """Return a URL of one image of a generation, with a longer side of ``side`` pixels."""
    path = f"/media/generations/{generation.id}/{index}/{side}.jpg"
    return call.origin + signed(call.service.state, path, call.now())


def registration_link(call: Call, registration: Registration, side: int) -> str:
    """Return a URL of a registered file, with a longer side of ``side`` pixels."""
    path = f"/media/registrations/{registration.id}/{side}.jpg"
    return call.origin + signed(call.service.state, path, call.now())


def signed(state: State, path: str, now: float) -> str:
    """Return the path with its expiry and signature. Links made within the same hour are equal, for caches."""
    expires = str((int(now) // 3600 + 1 + LINK_HOURS) * 3600)
    return f"{path}?expires={expires}&signature={_signature(state, path, expires)}"


async def generated(call: Call) -> Answer:
    """Serve an image of a generation."""
    _check(call, f"/media/generations/{call.segments['id']}/{call.segments['index']}/{call.segments['file']}")
    generation = call.service.state.find_generation(call.segments["id"])
    if generation is None or generation.is_gone(call.now()):
        raise _denied(404, "NoSuchKey")
    index, side = int(call.segments["index"]), _side(call)
    return Answer(200, await call.service.studio.generated(generation, index, side), "image/jpeg", _CACHED)


async def library(call: Call) -> Answer:
    """Serve a library image."""
    _check(call, f"/media/library/{call.segments['id']}/{call.segments['file']}")
    return Answer(
        200, await call.service.studio.original(call.segments["id"], _side(call)), "image/jpeg", _CACHED
    )


async def registered(call: Call) -> Answer:
    """Serve a registered file."""
    _check(call, f"/media/registrations/{call.segments['id']}/{call.segments['file']}")
    registration = call.service.state.find_registration(call.segments["id"])
    if registration is None:
        raise _denied(404, "NoSuchKey")
    return Answer(200, await call.service.studio.registered(registration, _side(call)), "image/jpeg", _CACHED)


async def mask(call: Call) -> Answer:
    """Serve the mask of a generation."""
    _check(call, f"/media/masks/{call.segments['id']}.jpg")
    generation = call.service.state.find_generation(call.segments["id"])
    if generation is None or generation.order.mask is None:
        raise _denied(404, "NoSuchKey")
    return Answer(200, generation.order.mask, "image/jpeg", _CACHED)


def _check(call: Call, path: str) -> None:
    """Refuse a URL that was not signed here or has expired."""
    query = call.query()
    expires, signature = query.get("expires", [""])[0], query.get("signature", [""])[0]
    right = _signature(call.service.state, path, expires)
    genuine = hmac.compare_digest(right.encode(), signature.encode())
    if not (genuine and expires.isdigit() and int(expires) > call.now()):
        raise _denied(403, "AccessDenied")


def _signature(state: State, path: str, expires: str) -> str:
    return hmac.digest(state.signing_key, f"{path}?{expires}".encode(), hashlib.sha256).hex()


def _side(call: Call) -> int:
    side = call.segments["file"].removesuffix(".jpg")
    if not (side.isdigit() and int(side) in _SIDES):
        raise _denied(404, "NoSuchKey")
    return int(side)


def _denied(status: int, code: str) -> Refused:
    return Refused(json_answer(status, {"code": code}))


OPERATIONS = (
    Operation("media", "GET", (Path("/media/generations/{id}/{index}/{file}"),), Access.OPEN, generated),
    Operation("library-media", "GET", (Path("/media/library/{id}/{file}"),), Access.OPEN, library),
    Operation(
        "registration-media", "GET", (Path("/media/registrations/{id}/{file}"),), Access.OPEN, registered
    ),
    Operation("mask-media", "GET", (Path("/media/masks/{id}.jpg"),), Access.OPEN, mask),
)
