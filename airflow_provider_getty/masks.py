"""Make what a user has, an image or a list of shapes, into a mask that Getty takes.

Getty's mask is a black and white JPEG of at most 10 MB: white is refined, black stays as it is. What is one
already is used byte for byte; any other image becomes one by its transparency or its lightness. What would
waste a credit, such as a mask without any white, is refused before anything is sent.
"""

# ruff: noqa: PLC0415 - Pillow loads only when a mask is made: DAG files stay quick to parse

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from errno import ELOOP, ENAMETOOLONG, ENOTDIR
from functools import reduce
from io import BytesIO
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from airflow_provider_getty.api.errors import MaskError
from airflow_provider_getty.shapes import Box, Polygon, draw, read_list, read_pixels
from airflow_provider_getty.storage import StorageError, Where, is_place, locate, without_secrets

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

MAX_BYTES = 10_000_000  # Getty says "10 MB" and not which megabyte; this is within either

MaskSource: TypeAlias = "Where | bytes | Sequence[Box | Polygon]"

_MAX_SOURCE_BYTES = 200_000_000
_MAX_PIXELS = 80_000_000  # enough for a 50-megapixel camera, and less than what Pillow warns of
_MAX_SIDE = 65_500  # libjpeg writes no longer one
_TOO_MANY_PIXELS = "has more than 80 million pixels, or more than 65,500 in a row or column: shrink it."
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
    if is_place(source):
        _check_rendered(str(source))
    if isinstance(source, str) and source.lstrip().startswith("["):
        source = read_list(source)
    match source:
        case list() | tuple():
            if size is None:
                raise MaskError("Shapes need the size of their image: give image_size=(width, height).")
            return _encode(draw(source, size), "The mask of shapes", invert=invert)
        case bytes() | bytearray() | memoryview():
            name, data = "The mask given as bytes", bytes(source)
        case _ if is_place(source):
            name, data = _read(source)
        case _:
            raise MaskError(
                f"A mask cannot be made of {type(source).__name__}: give a path, a URI, the bytes of an image, "
                "or a list of boxes and polygons."
            )
    _check_length(len(data), name)
    image = _decode(data, name)
    if size not in (None, image.size):
        raise MaskError(
            f"{name} is {_by(image.size)} pixels and the image to refine {_by(size)}: draw it on the image."
        )
    if not invert and len(data) <= MAX_BYTES and _is_mask(image):
        return Mask(data, image.size)
    return _encode(_black_and_white(image, name), name, invert=invert)


def unique_name(label: str = "mask") -> str:
    """Name an upload as no other task will, since uploading under a used name replaces that mask.

    :param label: begins the name, for people to recognise; what does not suit a URL becomes ``-``.
    """
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", label)[:80].strip(".-")
    return f"{readable or 'mask'}-{uuid4().hex}.jpg"


def _image_size(value: Sequence[int] | str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    match read_list(value) if isinstance(value, str) else value:
        case [width, height]:
            size = read_pixels(width, "image_size"), read_pixels(height, "image_size")
            if min(size) > 0 and size[0].is_integer() and size[1].is_integer():
                whole = int(size[0]), int(size[1])
                _check_pixels(whole, "The image to refine")
                return whole
    raise MaskError(f"image_size is {shortened(value)}: give (width, height), two positive whole numbers.")


def _read(source: Any) -> tuple[str, bytes]:
    """Read a file or object, and name it as errors may. What no retry can mend becomes a MaskError."""
    try:
        location = locate(source)
    except StorageError as error:
        raise MaskError(f"The mask {error.problem}") from None
    name = f"The mask {location.shown!r}"
    try:
        if (length := location.length()) is not None:
            _check_length(length, name)
        with location.open() as stream:
            return name, stream.read(_MAX_SOURCE_BYTES + 1)
    except IsADirectoryError:
        raise MaskError(f"{name} is a directory or a device: give the path of an image file.") from None
    except PermissionError:
        raise MaskError(f"{name} may not be read: grant this task's user or connection access.") from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in (ENOTDIR, ENAMETOOLONG, ELOOP):
            raise MaskError(f"{name} does not exist where this task runs: check its path.") from None
        raise


def _decode(data: bytes, name: str) -> PillowImage:
    """Decode the first frame, upright."""
    from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

    try:
        Image.init()
        formats = [known for known in Image.ID if known != "EPS"]  # which Ghostscript would run as a program
        image = Image.open(BytesIO(data), formats=formats)
        _check_pixels(image.size, name)
        image.load()
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            return ImageOps.exif_transpose(image)  # a copy without a format, so never used byte for byte
    except (MaskError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise MaskError(f"{name} is not an image that Pillow reads: save it as PNG or JPEG.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MaskError(f"{name} {_TOO_MANY_PIXELS}") from None
    except Exception as error:  # each of Pillow's decoders has errors of its own
        raise MaskError(f"{name} is truncated or damaged ({error}): save or copy it again.") from error
    return image


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


def _check_rendered(text: str) -> None:
    if "{{" in text or "{%" in text:
        shown = shortened(without_secrets(text))
        raise MaskError(f"The mask {shown} is a template that was not rendered: render it first.")


def _check_length(length: int, name: str) -> None:
    if not length:
        raise MaskError(f"{name} is empty: was it written to its end before this task began?")
    if length > _MAX_SOURCE_BYTES:
        raise MaskError(f"{name} is larger than 200 MB: shrink it; a mask needs only its image's pixels.")


def _check_pixels(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > _MAX_PIXELS or max(size) > _MAX_SIDE:
        raise MaskError(f"{name} {_TOO_MANY_PIXELS}")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
