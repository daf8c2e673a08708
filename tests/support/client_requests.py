"""Requests that the tests of both clients send: an upload, a refine, a poll."""

from __future__ import annotations

import io
from collections import Counter

from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.operations import GetGeneration, Refine, UploadImage
from tests.support.both_clients import Client

LAKE = "1473240153"


def jpeg() -> bytes:
    """A completely white mask."""
    file = io.BytesIO()
    Image.new("L", (64, 43), 255).save(file, "JPEG")
    return file.getvalue()


def upload(client: Client) -> Refine:
    """Upload a mask; return the refine that uses it."""
    client.ask(UploadImage(file_name="mask.jpg", jpeg=jpeg()))
    return Refine(image_id=LAKE, mask_url=f"{client.account.uploads_url}mask.jpg", prompt="red balloons")


def generate(client: Client) -> GetGeneration:
    """Create a generation; return its poll."""
    return GetGeneration(generation_request_id=client.ask(upload(client)).generation_request_id)


def distant_deadline() -> float:
    """A deadline that only a hanging call reaches."""
    return clock.now() + 60


def calls(emulator: Emulator) -> Counter[str]:
    """The number of received calls of each operation."""
    return Counter(request["operation"] for request in emulator.requests())
