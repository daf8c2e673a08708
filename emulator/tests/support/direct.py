"""Calls of a Getty in this process."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from getty_emulator.in_process import Getty, Response

from emulator.tests.support.emulator_client import LAKE, jpeg_mask

GENERATIONS = "/v3/ai/image-generations"
MASK = jpeg_mask((64, 43), (8, 8, 40, 30))


def sign_in(getty: Getty) -> dict[str, str]:
    """Return the headers of a call with both credentials."""
    form = {
        "grant_type": "client_credentials",
        "client_id": getty.api_key,
        "client_secret": getty.api_secret,
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = getty.handle("POST", "/oauth2/token", kind, urlencode(form).encode())
    return {"Api-Key": getty.api_key, "Authorization": f"Bearer {json.loads(answer.body)['access_token']}"}


def call(getty: Getty, method: str, path: str, content: Any = None, **headers: str) -> Response:
    """Send a call with both credentials; other headers have underscores for hyphens."""
    body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return getty.handle(method, path, sign_in(getty) | extra, body)


def upload(getty: Getty, name: str = "mask.jpg") -> str:
    """Upload a mask and return its address."""
    path = f"/v3/search/by-image/uploads/{name}"
    answer = getty.handle("PUT", path, {"Api-Key": getty.api_key, "Content-Type": "image/jpeg"}, MASK)
    assert 200 <= answer.status < 300, answer
    return f"https://api.gettyimages.com{path}"


def refine(getty: Getty, **fields: Any) -> Response:
    """Refine the lake."""
    content = {"id": LAKE, "mask_url": upload(getty), "prompt": "stars", **fields}
    return call(getty, "POST", f"{GENERATIONS}/refine", content)


def generate(getty: Getty, **fields: Any) -> Response:
    """Generate images."""
    return call(getty, "POST", GENERATIONS, {"prompt": "stars", **fields})


def generated(getty: Getty, **fields: Any) -> str:
    """Generate images and return the id."""
    return str(content_of(generate(getty, **fields))["generation_request_id"])


def poll(getty: Getty, generation: str) -> Response:
    """Ask for a generation."""
    return call(getty, "GET", f"{GENERATIONS}/{generation}")


def history(getty: Getty, query: str = "") -> Response:
    """Ask for the history."""
    return call(getty, "GET", f"/v3/ai/generation-history{query}")


def content_of(answer: Response) -> Any:
    """Return the JSON of an answer."""
    return json.loads(answer.body)
