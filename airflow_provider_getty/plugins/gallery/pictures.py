"""Makes the images for browsers: small JPEGs with nothing but the pixels of the original."""

from __future__ import annotations

import logging
from collections import OrderedDict
from io import BytesIO
from typing import Any, Literal, TypeAlias

from PIL import Image, ImageOps

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.inputs.shapes import read_list
from airflow_provider_getty.plugins.gallery.folders import NotShownError

Size: TypeAlias = Literal["thumb", "large"]

MAX_BYTES = 64 * 2**20
"""The most bytes of a file that is shown."""
_MAX_PIXELS = 40_000_000  # decoded, 120 MB
_SIDES: dict[Size, int] = {"thumb": 480, "large": 2048}
_QUALITY = 85
_CACHE_BYTES = 64 * 2**20


def rendition(image: bytes, size: Size) -> bytes:
    """Decode an image, and encode it again as a JPEG, upright and not larger than the size.

    :raises NotShownError: it is not a JPEG, PNG or WebP, or it is damaged or too large.
    """
    side = (_SIDES[size], _SIDES[size])
    try:
        with Image.open(BytesIO(image), formats=("JPEG", "PNG", "WEBP")) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise NotShownError("It has too many pixels.")
            opened.draft("RGB", side)
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail(side)
            return _jpeg(upright)
    except NotShownError:
        raise
    except Exception as error:  # each of Pillow's decoders raises its own errors
        raise NotShownError("It is not a JPEG, PNG or WebP, or it is damaged.") from error


def mask_rendition(shapes: Any, image_size: Any, size: Size) -> bytes:
    """Draw a mask from boxes, polygons or segmentations, and encode it as :func:`rendition` does.

    :raises NotShownError: they do not form a mask.
    """
    try:
        if isinstance(shapes, str):
            shapes = read_list(shapes)
        if not isinstance(shapes, list | dict):  # never a path
            raise NotShownError("It is not a list of shapes.")
        if isinstance(image_size, str):
            image_size = read_list(image_size)
        if image_size is not None:
            width, height = (int(each) for each in image_size)
            if not 0 < width * height <= _MAX_PIXELS:
                raise NotShownError("It has too many pixels.")
        return rendition(make_mask(shapes, image_size=image_size, log_level=logging.DEBUG).jpeg, size)
    except (InvalidRequestError, TypeError, ValueError, OverflowError, OSError) as error:
        raise NotShownError("It is not a mask.") from error


def _jpeg(image: Any) -> bytes:
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    file = BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


class PictureCache:
    """The JPEGs that were requested last, up to 64 MB."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: object) -> bytes | None:
        """Return a picture, if it is in the cache."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: object, picture: bytes) -> None:
        """Add a picture, and drop those that were requested longest ago."""
        self._bytes += len(picture) - len(self._kept.pop(key, b""))
        self._kept[key] = picture
        while self._bytes > _CACHE_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1])
