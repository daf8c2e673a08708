"""PUT /v3/search/by-image/uploads/{name}: masks and other images, kept for a day."""

from __future__ import annotations

import io
import ipaddress
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from PIL import Image

from getty_emulator.answers import Answer, invalid_parameter
from getty_emulator.operations.call import Access, Call, Operation, Path
from getty_emulator.state import UPLOAD_SECONDS, Upload

PREFIX = "/v3/search/by-image/uploads/"
LARGEST = 10_000_000
"""Bytes. Getty says "10 MB"; this is the stricter interpretation."""
_SUFFIXES = (".jpg", ".jpeg", ".png")
_STRICT = {"image/jpeg": ".jpg", "image/png": ".png"}
"""The documented types and their file extensions."""
_FORMATS = {"image/jpeg": "JPEG", "image/jpg": "JPEG", "image/png": "PNG"}


async def upload(call: Call) -> Answer:
    """Store the image under its name, replacing an earlier one."""
    name = call.segments["name"]
    if not name.lower().endswith(_SUFFIXES):
        raise invalid_parameter("file-name", "The name must end in .jpg, .jpeg or .png.")
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    declared = _FORMATS.get(content_type)
    if declared is None or (call.service.strict and not name.endswith(_STRICT.get(content_type, "/"))):
        raise invalid_parameter("Content-Type", "It must be image/jpeg or image/png.")
    if len(call.body) > LARGEST:
        raise invalid_parameter("body", "The file is larger than 10 MB.")
    found = await call.service.in_thread(image_format, call.body)
    if found != declared:
        raise invalid_parameter("body", f"The file is not a readable {declared} image.")
    uploaded = Upload(call.account.key, name, call.body, declared, call.now() + UPLOAD_SECONDS)
    call.service.save(uploaded)
    call.account.uploads[name] = uploaded
    return Answer(200)


def image_format(content: bytes) -> str | None:
    """Return the format of a JPEG or PNG that can be read completely, or None."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            image.load()
            return image.format
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def find_mask(call: Call, url: str) -> bytes:
    """Return the mask that a full upload URL names, or refuse it."""
    upload = find_upload(call, "mask_url", url)
    if upload.format != "JPEG":
        raise invalid_parameter("mask_url", "The mask must be a JPEG.")
    return upload.content


def find_upload(call: Call, field: str, url: str) -> Upload:
    """Return the upload that a full upload URL names, or refuse it."""
    name = _name_in(call, url)
    if name is None:
        raise invalid_parameter(field, "It must be the full URL of an upload to this API.")
    upload = call.account.uploads.get(name)
    if upload is None:
        raise invalid_parameter(field, "There is no such upload of this API key.")
    if call.take("upload-expired"):
        upload = call.account.uploads[name] = replace(upload, expires_at=call.now())
        call.service.save(upload)
    if upload.expires_at <= call.now():
        raise invalid_parameter(field, "The upload has expired.")
    return upload


def _name_in(call: Call, url: str) -> str | None:
    """Return the name in an upload URL of this server: at the called address, at Getty's, or on loopback.

    The last two serve clients that reach the emulator through a proxy.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    here = (
        f"{parts.scheme}://{parts.netloc}" == call.origin
        or host == "api.gettyimages.com"
        or _is_loopback(host)
    )
    path = unquote(parts.path)
    if parts.scheme not in {"http", "https"} or not here or not path.startswith(PREFIX):
        return None
    return path.removeprefix(PREFIX) or None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


OPERATIONS = (Operation("upload", "PUT", (Path(PREFIX + "{name}"),), Access.API_KEY, upload),)
