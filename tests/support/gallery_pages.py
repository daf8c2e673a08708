"""The content of a gallery page, and its sources."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from typing import Any

from PIL import Image

from tests.support.airflow_database import RUN

OF_RUN = f"/getty/dags/a_dag/runs/{RUN}"
HTML = "<img src=x onerror=alert(1)>\"'</h3><script>alert(2)</script>{{ 7*7 }}"
"""A text that must not become part of the page's own HTML."""


def size(answer: Any) -> tuple[int, int]:
    """Width and height of a JPEG."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), answer.text
    with Image.open(BytesIO(answer.content)) as image:
        image.load()
        return image.size


def images(html: str) -> list[str]:
    """The URLs of a page's thumbnails."""
    return [
        unescape(found) for found in re.findall(r'<img loading="lazy" width="300"[^>]* src="([^"]+)"', html)
    ]


def jpeg(size: tuple[int, int] = (90, 60)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size).save(file, "JPEG")
    return file.getvalue()


def titles(html: str) -> list[str]:
    """The prompts of a page's sheets."""
    return re.findall(r"<h3>(.*?)</h3>", html)
