"""A right call of each generating operation, to be sent as it is or with something changed."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageDraw

from emulator.tests.support.emulator_client import LAKE, Client

GENERATIONS = "/v3/ai/image-generations"
REGISTRATIONS = "/v3/ai/file-registrations"
BETA_REGISTRATIONS = "/beta/ai/file-registrations"
NO_SUCH_ID = "00000000-0000-4000-8000-000000000000"

ALONE: dict[str, dict[str, Any]] = {"generate": {"prompt": "red balloons"}}
NAMING: dict[str, dict[str, Any]] = {
    "refine": {"prompt": "red balloons", "mask_url": None},
    "extend": {"left_percentage": 50},
    "background-removal": {},
    "object-removal": {"mask_url": None},
    "influence-color-by-image": {"prompt": "a city", "noise_level": 0.2},
    "influence-composition-by-image": {"prompt": "a forest", "influence_level": 0.7},
    "background-replacement": {"prompt": "a meadow"},
}
"""Those that name an image in the body; a mask_url of None is filled in."""
OF_A_PATH: dict[str, dict[str, Any]] = {
    "variations": {},
    "refine-image": {"mask_url": None},
    "extend-image": {"top_percentage": 20},
}
"""Those that name an image of a generation in the path."""
OF_A_PRODUCT: dict[str, dict[str, Any]] = {"background-generations": {"prompt": "a marble table"}}
BODIES: dict[str, dict[str, Any]] = {**ALONE, **NAMING, **OF_A_PATH, **OF_A_PRODUCT}
TYPES = {
    "generate": "text_to_image",
    "refine": "refine",
    "refine-image": "refine",
    "extend": "extend",
    "extend-image": "extend",
    "variations": "variation",
    "background-removal": "background_removal",
    "object-removal": "object_removal",
    "influence-color-by-image": "influence_color_by_image",
    "influence-composition-by-image": "influence_composition_by_image",
    "background-generations": "background_generation",
    "background-replacement": "background_generation",
}


def path_of(name: str, generation: str = "", index: int | str = 0) -> str:
    """Give the path of an operation, for an image of a generation where it is named there."""
    match name:
        case "generate":
            return GENERATIONS
        case "variations":
            return f"{GENERATIONS}/{generation}/images/{index}/variations"
        case "refine-image" | "extend-image":
            return f"/beta/ai/image-generations/{generation}/images/{index}/{name.removesuffix('-image')}"
        case _:
            return f"{GENERATIONS}/{name}"


def body_of(getty: Client, name: str, **changes: Any) -> dict[str, Any]:
    """Give a right body in the words of any dialect, changed as told; None takes a field away."""
    body = {**BODIES[name]}
    if "mask_url" in body:
        body["mask_url"] = getty.mask_url()
    if name in NAMING:
        body["reference_asset_id"] = LAKE
    if name in OF_A_PRODUCT and "reference_file_registration_id" not in changes:
        body["reference_file_registration_id"] = registered(getty, "CustomerProduct")
    return {field: value for field, value in (body | changes).items() if value is not None}


def send(getty: Client, name: str, *, path: str | None = None, **changes: Any) -> Any:
    """Send a call of an operation; an image that the path names is generated first."""
    if path is None:
        path = path_of(name, generated(getty) if name in OF_A_PATH else "")
    return getty.call("POST", path, json=body_of(getty, name, **changes))


def generated(getty: Client, **changes: Any) -> str:
    """Generate images and give the id."""
    answer = getty.call("POST", GENERATIONS, json={"prompt": "red balloons"} | changes)
    assert answer.status_code in {200, 202}, answer.text
    return str(answer.json()["generation_request_id"])


def product() -> bytes:
    """Give a photograph of a blue can with a white label, on a light ground."""
    picture = Image.new("RGB", (600, 800), (244, 244, 242))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((180, 160, 420, 700), 40, fill=(50, 90, 170))
    draw.rectangle((200, 340, 400, 520), fill=(250, 246, 236))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


def registered(getty: Client, category: str = "ImageReference", path: str | None = None) -> str:
    """Register the product and give the id."""
    if path is None:
        is_old = getty.emulator._service.dialect == "reference-page"
        path = BETA_REGISTRATIONS if is_old else REGISTRATIONS
    body = {"url": getty.mask_url(product(), "product.jpg"), "rights_claimed": True, "category": category}
    answer = getty.call("POST", path, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def code_of(answer: Any) -> tuple[int, str]:
    """Give the status of a refusal and its code, or the message of one of the gateway."""
    content = answer.json()
    return answer.status_code, content.get("ErrorCode", content.get("message"))
