"""A generation, and a task that downloads from it."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import pytest
from getty_emulator.drawing.studio import Studio
from getty_emulator.operations.bodies import fitted
from getty_emulator.server import Emulator
from getty_emulator.state import Generation
from PIL import Image

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.download import GettyDownloadOperator
from tests.support.task_runs import TaskRun, Worker


def generate(getty: Emulator) -> dict[str, Any]:
    """The result of a finished refine; the emulator's records of its requests are cleared."""
    hook = GettyHook()
    mask_url = hook.upload_mask([(60, 16, 964, 250)], image_size=(1024, 683))
    result = hook.refine(image_id="1473240153", mask_url=mask_url, prompt="balloons").summary()
    hook.get_conn().close()
    getty._service.journal.clear()
    return result


def download(generation: Any, destination: Any, **arguments: Any) -> TaskRun:
    """Run a download in a task that has retries left."""
    task = GettyDownloadOperator(
        task_id="download", generation_request_id=generation, destination=destination, **arguments
    )
    return Worker().run(task, retries_left=True)


def draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make generated images plain gray, with the right size, because drawing takes the most time."""

    async def generated(_: Studio, generation: Generation, __: int, side: int) -> bytes:
        return _grey(fitted(generation.order.width, generation.order.height, side))

    monkeypatch.setattr(Studio, "generated", generated)


@cache
def _grey(size: tuple[int, int]) -> bytes:
    file = BytesIO()
    Image.new("L", size).save(file, "JPEG")
    return file.getvalue()


def size(image: bytes) -> tuple[int, int]:
    """Width and height of a complete image."""
    with Image.open(BytesIO(image)) as opened:
        opened.load()  # to its last byte
        return opened.size


ODD_DOWNLOADS: dict[str, list[dict[str, Any]]] = {
    "404 after a 200": [
        {"name": "finish-at-once", "operation": "start-download"},
        {"name": "refuse", "operation": "get-download", "status": 404},
    ],
    "images typed as text": [
        {"name": "content-type", "operation": "media", "value": "text/plain", "times": None}
    ],
    "compressed images": [{"name": "gzip", "operation": "media", "times": None}],
    "half an image": [{"name": "truncated-json", "operation": "media"}],
    "half a compressed image": [
        {"name": "gzip", "operation": "media"},
        {"name": "truncated-json", "operation": "media"},
    ],
    "HTTP/1.0": [{"name": "odd-http", "operation": "media", "form": "http-1.0", "times": None}],
    "redirects": [{"name": "redirect", "operation": "media", "status": 303, "times": None}],
    "a page instead": [{"name": "html", "operation": "media"}],
}
"""Faults from which a download recovers."""

UNSAFE_DOWNLOADS: dict[str, list[dict[str, Any]]] = {
    **{
        url.partition("/")[0]: [
            {
                "name": "set-fields",
                "operation": operation,
                "fields": {"url": url},
                "times": None,
            }
            for operation in ("start-download", "get-download")
        ]
        for url in (
            "http://delivery.example/a.jpg?Signature=s",
            "ftp://delivery.example/a.jpg?Signature=s",
            "file:///etc/passwd",
            "a.jpg?Signature=s",
        )
    },
    "a redirect to plain http": [
        {"name": "redirect", "operation": "media", "to": "http://delivery.example", "times": None}
    ],
}
"""Faults that send a download to a URL that it must not fetch."""
