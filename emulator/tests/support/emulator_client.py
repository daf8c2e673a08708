"""A bare client of the emulator: every header is visible, nothing is retried, nothing is mapped."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import requests
from getty_emulator.server import Emulator
from PIL import Image, ImageDraw

LAKE = "1473240153"
Box = tuple[int, int, int, int]


def jpeg_mask(size: tuple[int, int] = (1024, 683), box: Box = (80, 30, 940, 300)) -> bytes:
    """Return a mask that is white in a box."""
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    file = io.BytesIO()
    mask.save(file, "JPEG", quality=95)
    return file.getvalue()


@dataclass
class Client:
    """One account's requests."""

    emulator: Emulator
    key: str
    secret: str
    session: requests.Session = field(default_factory=requests.Session)
    _token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def token(self) -> str:
        """Return a token, fetched once."""
        if self._token is None:
            form = {"grant_type": "client_credentials", "client_id": self.key, "client_secret": self.secret}
            answer = self.session.post(f"{self.emulator.url}/oauth2/token", data=form)
            assert answer.status_code == 200, answer.text
            self._token = answer.json()["access_token"]
        return self._token

    def call(self, method: str, path: str, **rest: Any) -> requests.Response:
        """Send a call with both credentials."""
        headers = {"Api-Key": self.key, "Authorization": f"Bearer {self.token()}"} | rest.pop("headers", {})
        return self.session.request(method, self.emulator.url + path, headers=headers, timeout=10, **rest)

    def upload(
        self, content: bytes | None = None, name: str = "mask.jpg", kind: str = "image/jpeg"
    ) -> requests.Response:
        """Upload a mask with the key alone."""
        return self.session.put(
            f"{self.emulator.url}/v3/search/by-image/uploads/{name}",
            data=jpeg_mask() if content is None else content,
            headers={"Api-Key": self.key, "Content-Type": kind},
            timeout=10,
        )

    def mask_url(self, content: bytes | None = None, name: str = "mask.jpg") -> str:
        """Upload a mask and return its address."""
        answer = self.upload(content, name)
        assert answer.status_code == 200, answer.text
        return f"{self.emulator.url}/v3/search/by-image/uploads/{name}"

    def refine(self, **fields: Any) -> requests.Response:
        """Refine the lake, with a fresh mask unless one is given."""
        if "mask_url" not in fields:
            fields["mask_url"] = self.mask_url()
        if not fields.keys() & {"id", "reference_asset_id", "reference_generation"}:
            fields["id"] = LAKE
        return self.call("POST", "/v3/ai/image-generations/refine", json=fields)

    def refined(self, **fields: Any) -> str:
        """Refine and return the id of the generation."""
        answer = self.refine(**fields)
        assert answer.status_code in {200, 202}, answer.text
        return str(answer.json()["generation_request_id"])

    def poll(self, generation_request_id: str, version: str = "v3") -> requests.Response:
        """Ask for a generation."""
        return self.call("GET", f"/{version}/ai/image-generations/{generation_request_id}")


class Start(Protocol):
    """Starts an emulator with the given settings and returns a client of it."""

    def __call__(self, **settings: Any) -> Client: ...
