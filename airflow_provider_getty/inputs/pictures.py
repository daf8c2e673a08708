"""Reads a user's images, and makes JPEGs of them to upload.

An image that Getty would refuse, or that would overload the machine, is refused before anything is sent.
"""

# ruff: noqa: PLC0415 - Pillow loads only when an image is read: DAG files stay quick to parse

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ELOOP, ENAMETOOLONG, ENOTDIR
from io import BytesIO
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, TypeGuard
from uuid import uuid4

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.storage import LocationError, LocationLike, is_location, locate
from airflow_provider_getty.inputs.storage_errors import without_secrets

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

MAX_BYTES = 10_000_000  # Getty says "10 MB" and not which megabyte; this is within either

PictureSource: TypeAlias = "LocationLike | bytes | BinaryIO"
"""An image: a local path, a URI or an ``ObjectStoragePath``, its bytes, or a binary file object."""

Refusal: TypeAlias = type[InvalidRequestError]
"""The class of error with which an image is refused."""

_MAX_SOURCE_BYTES = 200_000_000
_MAX_PIXELS = 80_000_000  # enough for a 50-megapixel camera, and less than what Pillow warns of
_MAX_PATH = 4096  # characters, Linux's own bound
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]*")
_MAX_SIDE = 65_500  # the most that libjpeg writes
_TOO_MANY_PIXELS = "has more than 80 million pixels, or more than 65,500 in a row or column: shrink it."
_QUALITIES = (95, 87, 75)


def make_jpeg(source: PictureSource, what: str = "The file") -> bytes:
    """Convert an image to a JPEG of at most 10 MB. An image that already is one stays unchanged.

    :param source: any image that Pillow reads. Transparent pixels become white.
    :param what: the name of the image in messages.
    :raises InvalidRequestError: it cannot be converted, now or later.
    :raises OSError: it cannot be read now, for example because an object store does not answer.
    """
    if not (is_picture(source) or is_file_object(source)):
        raise InvalidRequestError(
            f"{what} is of the type {type(source).__name__}: give a path, a URI or the bytes of an image."
        )
    name, data = read(source, what, InvalidRequestError)
    image = decode(data, name, InvalidRequestError)
    if image.format == "JPEG" and image.mode in ("L", "RGB") and len(data) <= MAX_BYTES:
        return data
    opaque = _on_white(image, name)
    for quality in _QUALITIES:
        jpeg = BytesIO()
        opaque.save(jpeg, "JPEG", quality=quality, optimize=True)
        if jpeg.tell() <= MAX_BYTES:
            return jpeg.getvalue()
    raise InvalidRequestError(f"{name} is larger than 10 MB as a JPEG: shrink it.")


def unique_name(label: str) -> str:
    """Make a unique name for an upload: an upload replaces an earlier one of the same name.

    :param label: the beginning of the name, for people; characters that do not suit a URL become ``-``.
    """
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", label)[:80].strip(".-")
    return f"{readable or 'image'}-{uuid4().hex}.jpg"


def is_picture(source: object) -> bool:
    """Whether it is a location, or the bytes of a file."""
    return isinstance(source, bytes | bytearray | memoryview) or is_location(source)


def is_file_object(source: object) -> bool:
    """Whether it is an open file. :func:`read` reads its rest, and restores its position if it can seek."""
    return hasattr(source, "read") and not is_location(source)


def is_image(source: object) -> TypeGuard[PillowImage]:
    """Whether it is a Pillow image; Pillow need not be imported to tell."""
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(source).__mro__)


def read(source: Any, what: str, refusal: Refusal) -> tuple[str, bytes]:
    """Read an image file; return its name for messages, and its bytes.

    :raises InvalidRequestError: of the class ``refusal``: no retry can fix it.
    :raises OSError: it cannot be read now.
    """
    if is_file_object(source):
        name = f"{what} given as a file object"
        try:
            at = source.tell() if getattr(source, "seekable", bool)() else None
            data = source.read(_MAX_SOURCE_BYTES + 1)
            if at is not None:
                source.seek(at)
        except ValueError:  # a file that is closed, or open for writing only
            raise refusal(f"{name} cannot be read: give one that is open for reading ('rb').") from None
        if not isinstance(data, bytes):
            raise refusal(f"{name} returns text: open it in binary mode ('rb').")
    elif not is_location(source):
        name, data = f"{what} given as bytes", bytes(source)
    else:
        name, data = _read_location(source, what, refusal)
    _check_length(len(data), name, refusal)
    return name, data


def check_rendered(source: object, what: str, refusal: Refusal) -> None:
    """Refuse a location that is an unrendered template, or the image itself as text."""
    text = str(source) if is_location(source) else ""
    if text[:5].lower() == "data:":
        raise refusal(f"{what} is a data: URI: decode what follows its comma, and give the bytes.")
    if len(text) > _MAX_PATH and _BASE64.fullmatch(text):
        raise refusal(f"{what} is {len(text):,} characters of base64: decode it, and give the bytes.")
    if len(text) > _MAX_PATH and not text.lstrip().startswith(("[", "{")):
        raise refusal(f"{what} is a string of {len(text):,} characters: give the path or URI of an image.")
    if "{{" in text or "{%" in text:
        shown = shortened(without_secrets(text))
        raise refusal(f"{what} {shown} is a template that was not rendered: render it first.")


def _read_location(source: LocationLike, what: str, refusal: Refusal) -> tuple[str, bytes]:
    check_rendered(source, what, refusal)
    try:
        location = locate(source)
    except LocationError as error:
        raise refusal(f"{what} {error.problem}") from None
    name = f"{what} {location.shown!r}"
    try:
        if (length := location.length()) is not None:
            _check_length(length, name, refusal)
        with location.open() as stream:
            return name, stream.read(_MAX_SOURCE_BYTES + 1)
    except IsADirectoryError:
        raise refusal(f"{name} is a directory or a device: give the path of an image file.") from None
    except PermissionError:
        raise refusal(f"{name} may not be read: grant this task's user or connection access.") from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno in (ENOTDIR, ENAMETOOLONG, ELOOP):
            raise refusal(f"{name} does not exist where this task runs: check its path.") from None
        raise


def decode(data: bytes, name: str, refusal: Refusal) -> PillowImage:
    """Decode the first frame, upright.

    :raises InvalidRequestError: of the class ``refusal``: it is not an image, or it is damaged or too large.
    """
    from PIL import Image

    with decoding(name, refusal):
        Image.init()
        formats = [known for known in Image.ID if known != "EPS"]  # Ghostscript would run it as a program
        image = Image.open(BytesIO(data), formats=formats)
        check_pixels(image.size, name, refusal)
        image.load()
        return upright(image)


@contextmanager
def decoding(name: str, refusal: Refusal) -> Iterator[None]:
    """Refuse an image that Pillow cannot decode.

    :raises InvalidRequestError: of the class ``refusal``.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except (InvalidRequestError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise refusal(f"{name} is not an image that Pillow reads: save it as PNG or JPEG.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise refusal(f"{name} {_TOO_MANY_PIXELS}") from None
    except Exception as error:  # each of Pillow's decoders raises its own errors
        raise refusal(f"{name} is truncated or damaged ({error}): save or copy it again.") from error


def upright(image: PillowImage) -> PillowImage:
    """Rotate an image by its EXIF orientation. A rotated copy has no format, so it is always encoded again."""
    from PIL import ExifTags, ImageOps

    if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
        return image
    return ImageOps.exif_transpose(image)


def check_pixels(size: tuple[int, int], name: str, refusal: Refusal) -> None:
    """Refuse an image with too many pixels to draw or write."""
    if size[0] * size[1] > _MAX_PIXELS or max(size) > _MAX_SIDE:
        raise refusal(f"{name} {_TOO_MANY_PIXELS}")


def _check_length(length: int, name: str, refusal: Refusal) -> None:
    if not length:
        raise refusal(f"{name} is empty: was it complete when this task began?")
    if length > _MAX_SOURCE_BYTES:
        raise refusal(f"{name} is larger than 200 MB: shrink it; an image with fewer pixels is enough.")


def _on_white(image: PillowImage, name: str) -> PillowImage:
    from PIL import Image

    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"):
        raise InvalidRequestError(f"{name} has pixels of mode {image.mode}: save it as 8-bit PNG.")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
