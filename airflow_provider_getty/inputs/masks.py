"""Turns a user's image, shapes or segmentations into a mask that Getty accepts.

Getty's mask is a black and white JPEG of at most 10 MB: white is refined, black stays as it is. A file that already has
this form is used byte for byte; any other image is converted by its transparency or its lightness. A mask that would
waste a credit, such as one without any white, is refused before anything is sent.
"""

# ruff: noqa: PLC0415 - Pillow loads only when a mask is made: DAG files stay quick to parse

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from io import BytesIO
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from airflow_provider_getty.api.errors import MaskError
from airflow_provider_getty.inputs.pictures import (
    MAX_BYTES,
    PictureSource,
    check_pixels,
    check_rendered,
    decode,
    decoding,
    is_file_object,
    is_image,
    is_picture,
    read,
    upright,
)
from airflow_provider_getty.inputs.segmentations import draw_segmentations, from_array, is_array
from airflow_provider_getty.inputs.shapes import Box, Polygon, read_list, read_pixels

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

log = logging.getLogger(__name__)

Segmentation: TypeAlias = Mapping[str, Any]
"""A mapping with a ``segmentation`` (SAM, COCO), or COCO's run lengths with ``size`` and ``counts``."""
_Image: TypeAlias = "PictureSource | PillowImage | SupportsArray"
MaskSource: TypeAlias = "_Image | Segmentation | Sequence[Box | Polygon | Segmentation]"
"""Anything from which :func:`make_mask` makes a mask."""

_FEW = 0.001  # a share of the image; refining less, or all but less, is probably a mistake
_BOX_LENGTH = 4
_NOISE = 64  # JPEGs of quality 75, the default of most programs, deviate up to 49 from black and white
# They deviate at most 46 and 120, an eighth of the sum of the quantization table: the first is within _NOISE, and with
# either, each pixel stays on its side of 128.
_QUALITIES = (95, 87)
_WHITE_FROM_128 = [0] * 128 + [255] * 128
_WHITE_BELOW_128 = [255] * 128 + [0] * 128
_WHITE_FROM_32768 = [0] * 32768 + [255] * 32768


class SupportsArray(Protocol):
    """A numpy array, or an object that numpy can convert to one, such as a tensor."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a numpy array."""


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask that Getty accepts: a JPEG of at most 10 MB, with its width and height in pixels."""

    jpeg: bytes = field(repr=False)
    size: tuple[int, int]

    @property
    def digest(self) -> str:
        """SHA-256 of the mask's pixels, in hexadecimal: equal for masks that refine the same pixels.

        It does not depend on the encoding of the JPEG, which differs between versions of Pillow and libjpeg.
        """
        width, height = self.size
        return hashlib.sha256(b"%d x %d " % (width, height) + self._pixels().tobytes()).hexdigest()

    @property
    def refined(self) -> float:
        """The share of the image that is refined, from 0 to 1."""
        return self._pixels().histogram()[-1] / (self.size[0] * self.size[1])

    def _pixels(self) -> PillowImage:
        """The mask with one bit per pixel."""
        image = decode(self.jpeg, "The mask", MaskError)
        return image.convert("L").point(_WHITE_FROM_128, "1")


def make_mask(
    source: MaskSource,
    *,
    image_size: Sequence[int] | str | None = None,
    invert: bool = False,
    log_level: int = logging.INFO,
) -> Mask:
    """Make a mask.

    One log line says how the source was read, and which share of the image the mask refines.

    :param source: an image: a local path, a URI, an ``ObjectStoragePath``, bytes, a binary file object, a Pillow image,
        or a numpy array (booleans, 0 to 1, or 0 to 255). Or shapes: a list of boxes, polygons (also flat ones, as in
        COCO) and segmentations (COCO's run lengths, SAM's dictionaries). Lists and dictionaries may also be the text
        that a template renders them to.
    :param image_size: width and height in pixels of the image to refine. Boxes and polygons need it; a mask that has a
        size of its own must be of this size.
    :param invert: swap the refined part and the part that stays.
    :param log_level: the level of that line. Below INFO, the caller has to report a :func:`warning`; otherwise it is
        logged here.
    :raises MaskError: no mask can be made from this, now or later.
    :raises OSError: the source cannot be read now, for example because an object store does not answer.
    """
    size = _image_size(image_size)
    check_rendered(source, "The mask", MaskError)
    if isinstance(source, str) and source.lstrip().startswith(("[", "{")):
        source = read_list(source)
    mask, form = _made(source, size, invert=invert)
    if log_level >= logging.INFO or log.isEnabledFor(log_level):
        log.log(log_level, "Mask from %s, refines %.3g %% of %s.", form, 100 * mask.refined, _by(mask.size))
    if log_level >= logging.INFO and (said := warning(mask)):
        log.warning("%s", said)
    return mask


def warning(mask: Mask) -> str | None:
    """A warning about a mask that refines almost nothing or almost everything; None for any other."""
    share = mask.refined
    if share < _FEW:
        return (
            "The mask refines less than 0.1 % of the image: are its coordinates in pixels of an image of "
            f"{_by(mask.size)}?"
        )
    if share > 1 - _FEW:
        return "The mask refines more than 99.9 % of the image: is it inverted? White is refined."
    return None


def _made(source: Any, size: tuple[int, int] | None, *, invert: bool) -> tuple[Mask, str]:
    """Return the mask, and the form of its source for the log."""
    if isinstance(source, list | tuple | Mapping):
        pixels = draw_segmentations(source, size)
        return _encode(pixels, "The mask of shapes", invert=invert), _form(source)
    if is_array(source):
        form, name, data = "an array", "The mask given as an array", b""
        image = from_array(source, name)
    elif is_image(source):
        form, name, data = "an image in memory", "The mask given as an image", b""
        with decoding(name, MaskError):  # it may not be loaded yet
            check_pixels(source.size, name, MaskError)
            source.load()
            image = upright(source)
    elif is_picture(source) or is_file_object(source):
        name, data = read(source, "The mask", MaskError)
        image = decode(data, name, MaskError)
        form = f"a {image.format} image" if image.format else "an image"
    else:
        raise MaskError(
            f"A mask cannot be made from {type(source).__name__}: give a path, a URI, an image, an array, or a list of "
            "boxes, polygons or segmentations."
        )
    if size not in (None, image.size):
        raise MaskError(
            f"{name} is {_by(image.size)} pixels, but the image to refine is {_by(size)}: draw it at that size."
        )
    if data and not invert and len(data) <= MAX_BYTES and _is_mask(image):
        return Mask(data, image.size), f"{form}, as it is"
    return _encode(_black_and_white(image, name), name, invert=invert), form


def _form(shapes: Any) -> str:
    listed = [shapes] if isinstance(shapes, Mapping) else shapes
    if any(isinstance(shape, Mapping) for shape in listed):
        return "segmentations"
    is_box = [len(shape) == _BOX_LENGTH and not isinstance(shape[0], list | tuple) for shape in listed]
    return "boxes" if all(is_box) else "boxes and polygons" if any(is_box) else "polygons"


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
    """Whether Getty accepts it unchanged: a gray or RGB JPEG, each pixel near black or white, some white."""
    from PIL import ImageChops

    if image.format != "JPEG" or image.mode not in ("L", "RGB"):
        return False
    bands = image.split()
    white = sum(reduce(ImageChops.darker, bands).histogram()[256 - _NOISE :])
    black = sum(reduce(ImageChops.lighter, bands).histogram()[:_NOISE])
    return white > 0 and white + black == image.width * image.height


def _black_and_white(image: PillowImage, name: str) -> PillowImage:
    """Turn transparent pixels white; in an opaque image, light ones."""
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
