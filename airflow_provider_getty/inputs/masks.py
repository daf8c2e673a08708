"""Make what a user has, an image or a list of shapes, into a mask that Getty takes.

Getty's mask is a black and white JPEG of at most 10 MB: white is refined, black stays as it is. What is one
already is used byte for byte; any other image becomes one by its transparency or its lightness. What would
waste a credit, such as a mask without any white, is refused before anything is sent.
"""

# ruff: noqa: PLC0415 - Pillow loads only when a mask is made: DAG files stay quick to parse

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from io import BytesIO
from reprlib import repr as shortened
from typing import TYPE_CHECKING, TypeAlias

from airflow_provider_getty.api.errors import MaskError
from airflow_provider_getty.inputs.pictures import (
    MAX_BYTES,
    PictureSource,
    check_pixels,
    check_rendered,
    decode,
    is_picture,
    read,
)
from airflow_provider_getty.inputs.shapes import Box, Polygon, draw, read_list, read_pixels

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

MaskSource: TypeAlias = "PictureSource | Sequence[Box | Polygon]"

_NOISE = 64  # JPEGs of quality 75, most programs' default, stray up to 49 from black and white
# Strays at most 46 and 120, a quarter of half the sum of the quantisation table: the first is within _NOISE,
# and with either each pixel stays on its side of 128.
_QUALITIES = (95, 87)
_WHITE_FROM_128 = [0] * 128 + [255] * 128
_WHITE_BELOW_128 = [255] * 128 + [0] * 128
_WHITE_FROM_32768 = [0] * 32768 + [255] * 32768


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask that Getty takes: a JPEG of at most 10 MB, and its width and height in pixels."""

    jpeg: bytes = field(repr=False)
    size: tuple[int, int]

    @property
    def digest(self) -> str:
        """SHA-256 of the JPEG in hexadecimal: equal for equal masks."""
        return hashlib.sha256(self.jpeg).hexdigest()


def make_mask(
    source: MaskSource, *, image_size: Sequence[int] | str | None = None, invert: bool = False
) -> Mask:
    """Make a mask.

    :param source: a local path, a URI or an ``ObjectStoragePath``; the bytes of an image; or boxes and
        polygons, also as the text that a template renders them to.
    :param image_size: width and height in pixels of the image to refine. Shapes need it; an image that is
        given as the mask must be of this size.
    :param invert: refine what would stay, and keep what would be refined.
    :raises MaskError: no mask can be made of this, now or later. Trouble that may pass, such as a network's
        on the way to an object store, is raised as it comes.
    """
    size = _image_size(image_size)
    check_rendered(source, "The mask", MaskError)
    if isinstance(source, str) and source.lstrip().startswith("["):
        source = read_list(source)
    if isinstance(source, list | tuple):
        if size is None:
            raise MaskError("Shapes need the size of their image: give image_size=(width, height).")
        return _encode(draw(source, size), "The mask of shapes", invert=invert)
    if not is_picture(source):
        raise MaskError(
            f"A mask cannot be made of {type(source).__name__}: give a path, a URI, the bytes of an image, "
            "or a list of boxes and polygons."
        )
    name, data = read(source, "The mask", MaskError)
    image = decode(data, name, MaskError)
    if size not in (None, image.size):
        raise MaskError(
            f"{name} is {_by(image.size)} pixels and the image to refine {_by(size)}: draw it on the image."
        )
    if not invert and len(data) <= MAX_BYTES and _is_mask(image):
        return Mask(data, image.size)
    return _encode(_black_and_white(image, name), name, invert=invert)


def _image_size(value: Sequence[int] | str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    match read_list(value) if isinstance(value, str) else value:
        case [width, height]:
            size = read_pixels(width, "image_size"), read_pixels(height, "image_size")
            if min(size) > 0 and size[0].is_integer() and size[1].is_integer():
                whole = int(size[0]), int(size[1])
                check_pixels(whole, "The image to refine", MaskError)
                return whole
    raise MaskError(f"image_size is {shortened(value)}: give (width, height), two positive whole numbers.")


def _is_mask(image: PillowImage) -> bool:
    """Whether Getty takes it as it is: a grey or RGB JPEG, each pixel near to black or white, some white."""
    from PIL import ImageChops

    if image.format != "JPEG" or image.mode not in ("L", "RGB"):
        return False
    bands = image.split()
    white = sum(reduce(ImageChops.darker, bands).histogram()[256 - _NOISE :])
    black = sum(reduce(ImageChops.lighter, bands).histogram()[:_NOISE])
    return white > 0 and white + black == image.width * image.height


def _black_and_white(image: PillowImage, name: str) -> PillowImage:
    """Make white what is transparent; in an image that is wholly opaque, what is light."""
    match image.mode:
        case "1" | "L" | "LA" | "P" | "PA" | "RGB" | "RGBA" | "CMYK" | "YCbCr":
            if image.has_transparency_data:
                alpha = image.convert("RGBA").getchannel("A")
                if alpha.histogram()[255] < image.width * image.height:
                    return alpha.point(_WHITE_BELOW_128)
            return image.convert("L").point(_WHITE_FROM_128)
        case "I" | "I;16" | "I;16B" | "I;16L" | "I;16N" if image.mode != "I" or image.format == "PPM":
            return image.convert("I").point(_WHITE_FROM_32768, "L")
        case mode:
            raise MaskError(
                f"{name} has pixels of mode {mode}, whose white is unknown: save it as 8-bit PNG."
            )


def _encode(pixels: PillowImage, name: str, *, invert: bool) -> Mask:
    from PIL import ImageChops

    if invert:
        pixels = ImageChops.invert(pixels)
    if pixels.getbbox() is None:
        raise MaskError(
            f"{name} is entirely black, so nothing would be refined: make what to refine white or, "
            "in an image with transparency, transparent."
        )
    for quality in _QUALITIES:
        jpeg = BytesIO()
        pixels.save(jpeg, "JPEG", quality=quality, optimize=True)
        if jpeg.tell() <= MAX_BYTES:
            return Mask(jpeg.getvalue(), pixels.size)
    raise MaskError(f"{name} is larger than 10 MB as a JPEG of {_by(pixels.size)}: simplify or shrink it.")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
