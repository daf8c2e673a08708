"""The sizes of a generated image, and downloads: PUT starts one, GET polls it."""

from __future__ import annotations

import secrets
from dataclasses import replace

from getty_emulator.answers import (
    Answer,
    generation_gone,
    generation_not_found,
    invalid_parameter,
    json_answer,
    service_error,
)
from getty_emulator.operations.bodies import Int32, fitted, require
from getty_emulator.operations.call import Access, Call, Fields, Operation, Path
from getty_emulator.operations.generations import find_image
from getty_emulator.operations.media import image_link
from getty_emulator.operations.paying import check_requirements, find_product, new_charge, settle
from getty_emulator.options import Dialect
from getty_emulator.state import Download, Generation

SIDES = {"1k": 1024, "4k": 4096}
"""The longer side in pixels, by size name."""
CHARGED = frozenset({"4k"})
_IMAGE = "/v3/ai/image-generations/{id}/images/{index}"


class DownloadBody(Fields):
    """The body of a download request."""

    size_name: str | None = None
    notes: str | None = None
    project_code: str | None = None
    product_id: Int32 | None = None


async def download_sizes(call: Call) -> Answer:
    """List the sizes in which an image is available."""
    generation, _ = find_image(call)
    sizes = [
        {"size_name": name, "width": width, "height": height}
        for name, side in SIDES.items()
        for width, height in [fitted(generation.order.width, generation.order.height, side)]
    ]
    return json_answer(200, {"download_sizes": sizes})


async def start_download(call: Call) -> Answer:
    """Start to prepare an image in one size. Each 4k download costs a credit."""
    body = call.read(DownloadBody)
    size_name = _size_name(body)
    generation, index = find_image(call)
    product = find_product(call.account, body.product_id or generation.order.product_id)
    check_requirements(product, body.notes, body.project_code)
    now = call.now()
    earlier = (generation.downloads or {}).get(index)
    if earlier is not None and earlier.ready_at > now:
        raise service_error(409, "ConcurrencyConflict", "A download of this image is already in progress.")
    paid = []
    if size_name in CHARGED:
        project = body.project_code
        paid.append(
            new_charge(call, generation, product, body.notes, project, index=index, size_name=size_name)
        )
    seconds = 0 if call.take("finish-at-once") else call.service.options.download_latency
    asset_id = earlier.generated_asset_id if earlier else str(secrets.randbelow(9 * 10**9) + 10**9)
    download = Download(size_name, asset_id, now + seconds)
    downloads = {**(generation.downloads or {}), index: download}
    settle(call, product, paid, replace(generation, downloads=downloads))
    generation.downloads = downloads
    at_once = seconds <= 0 and call.service.dialect is not Dialect.CURRENT
    return _ready(call, generation, index, download) if at_once else Answer(202)


async def get_download(call: Call) -> Answer:
    """Return the image's URL once it is prepared."""
    generation, index = find_image(call)
    download = (generation.downloads or {}).get(index)
    if download is None:
        raise generation_not_found("No download of this image was requested.")
    if call.take("stay-pending") or (download.ready_at > call.now() and not call.take("finish-at-once")):
        return Answer(202)
    return _ready(call, generation, index, download)


class RedownloadBody(DownloadBody):
    """The body of a redownload."""

    generated_asset_id: str | None = None


async def redownload(call: Call) -> Answer:
    """Return the URL of an image that was downloaded before. It costs nothing."""
    body = call.read(RedownloadBody)
    require("generated_asset_id", body.generated_asset_id)
    require("product_id", body.product_id)
    size_name = _size_name(body)
    if not any(product.id == body.product_id for product in call.account.products):
        raise service_error(
            400, "InvalidProduct", "Field: product_id, Message: The account has no such product."
        )
    if not any(product.id == body.product_id for product in call.account.ai_products()):
        raise service_error(403, "NotAuthorized", "The product is not an active AI Generator product.")
    check_requirements(find_product(call.account, body.product_id), body.notes, body.project_code)
    for generation in call.account.generations.values():
        for index, download in (generation.downloads or {}).items():
            if download.generated_asset_id == body.generated_asset_id and download.ready_at <= call.now():
                if generation.is_gone(call.now()):
                    raise generation_gone()
                return _ready(call, generation, index, replace(download, size_name=size_name))
    raise service_error(404, "ImageNotFound", "There is no such generated asset.")


def _size_name(body: DownloadBody) -> str:
    if body.size_name not in SIDES:
        raise invalid_parameter("size_name", f"It must be one of {', '.join(SIDES)}.")
    return body.size_name


def _ready(call: Call, generation: Generation, index: int, download: Download) -> Answer:
    url = image_link(call, generation, index, SIDES[download.size_name])
    return json_answer(200, {"url": url, "generated_asset_id": download.generated_asset_id})


OPERATIONS = (
    Operation(
        "download-sizes", "GET", (Path(_IMAGE + "/download-sizes"),), Access.API_KEY_AND_TOKEN, download_sizes
    ),
    Operation(
        "start-download", "PUT", (Path(_IMAGE + "/download"),), Access.API_KEY_AND_TOKEN, start_download
    ),
    Operation("get-download", "GET", (Path(_IMAGE + "/download"),), Access.API_KEY_AND_TOKEN, get_download),
    Operation("redownloads", "POST", (Path("/v3/ai/redownloads"),), Access.API_KEY_AND_TOKEN, redownload),
)
