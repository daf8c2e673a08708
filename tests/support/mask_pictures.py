"""The pictures that the tests of masks share."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from airflow_provider_getty.api.errors import InvalidRequestError, MaskError
from airflow_provider_getty.inputs.masks import make_mask

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.masks import Mask

SIZE = (64, 48)
BOX = (8, 8, 40, 32)
BY_LIGHTNESS = [0] * 128 + [255] * 128
DRAWN = Image.new("L", SIZE)
DRAWN.paste(255, BOX)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def white(mask: Mask) -> set[tuple[int, int]]:
    """Give the pixels (x, y) that the mask refines."""
    image = Image.open(io.BytesIO(mask.jpeg))
    assert (image.format, image.size) == ("JPEG", mask.size)
    values = image.convert("L").tobytes()
    return {(at % image.width, at // image.width) for at, value in enumerate(values) if value >= 128}


def box(left: int, top: int, right: int, bottom: int) -> set[tuple[int, int]]:
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(MaskError) as refused:
        make_mask(source, **options)
    assert isinstance(refused.value, InvalidRequestError)
    return str(refused.value)
