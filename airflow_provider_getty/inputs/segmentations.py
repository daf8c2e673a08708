"""Reads the results of segmentation models: arrays, COCO polygons and run lengths (RLE), and SAM's dictionaries.

Sources: ``mask.py`` and ``maskApi.c`` of the COCO API for run lengths, which go down the columns and begin with a run
of zeros; ``SamAutomaticMaskGenerator`` for dictionaries with a ``segmentation``.
"""

# ruff: noqa: PLC0415 - Pillow loads only when a mask is made; numpy only where the user has an array of it

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

from airflow_provider_getty.api.errors import MaskError
from airflow_provider_getty.inputs.pictures import check_pixels
from airflow_provider_getty.inputs.shapes import draw

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

_BYTES = 255
_PLANE, _COLORS = 2, 3


def is_array(value: object) -> bool:
    """Whether it is a numpy array, or can be converted to one."""
    return hasattr(value, "__array__") and not hasattr(value, "mode")  # Pillow's images have both


def draw_segmentations(
    shapes: Sequence[Any] | Mapping[str, Any], size: tuple[int, int] | None
) -> PillowImage:
    """Draw boxes, polygons and segmentations in white on black, on top of each other.

    :param shapes: boxes and polygons (see :func:`.shapes.draw`), run lengths ``{"size", "counts"}``, or dictionaries
        with a ``segmentation``, as in SAM and COCO; a single dictionary counts as a list of one.
    :param size: width and height in pixels. Boxes and polygons need it; the others have their own.
    :raises MaskError: a shape is malformed or empty, or has another size.
    """
    from PIL import ImageChops

    listed = [shapes] if isinstance(shapes, Mapping) else shapes
    if not any(isinstance(shape, Mapping) for shape in listed):
        return draw(listed, _needed(size))
    layers = [
        _segmentation(shape, f"Segmentation {number} of the mask", size)
        if isinstance(shape, Mapping)
        else draw([shape], _needed(size))
        for number, shape in enumerate(listed, 1)
    ]
    canvas = layers[0]
    for layer in layers[1:]:
        if layer.size != canvas.size:
            raise MaskError("The segmentations have different sizes: give those of one image.")
        canvas = ImageChops.lighter(canvas, layer)
    return canvas


def from_array(array: Any, name: str) -> PillowImage:
    """Make an image from an array of booleans, 0 and 1, probabilities from 0 to 1, or 0 to 255; or of colors as uint8.

    :param array: height x width, with any further dimensions of length 1; or height x width x 3 or 4.
    :raises MaskError: it has another shape or other values.
    """
    import numpy as np
    from PIL import Image

    values = np.asarray(array)
    if values.ndim == _COLORS and values.shape[2] in (3, 4) and values.dtype == np.uint8:
        check_pixels((values.shape[1], values.shape[0]), name, MaskError)
        return Image.fromarray(values)
    values = np.squeeze(values)
    if values.ndim != _PLANE or not values.size:
        raise MaskError(f"{name} has the shape {np.shape(array)}: give one mask, height x width.")
    check_pixels((values.shape[1], values.shape[0]), name, MaskError)
    if values.dtype.kind not in "buif":
        raise MaskError(f"{name} has the type {values.dtype}: give numbers or booleans.")
    least, most = float(values.min()), float(values.max())
    if not (least >= 0 and most <= _BYTES):  # also for NaN
        raise MaskError(
            f"{name} has values from {least:g} to {most:g}: give booleans (mask > threshold), 0 to 1, or 0 to 255."
        )
    white = values >= (0.5 if most <= 1 else 128)
    return Image.fromarray(white.astype(np.uint8) * np.uint8(_BYTES))


def _segmentation(shape: Mapping[str, Any], name: str, size: tuple[int, int] | None) -> PillowImage:
    if {"size", "counts"} <= shape.keys():
        image = _from_run_lengths(shape, name)
    elif "segmentation" not in shape:
        raise MaskError(
            f"{name} has the keys {shortened(sorted(map(str, shape)))}: it needs a segmentation (SAM, COCO), or size "
            "and counts (run lengths)."
        )
    elif is_array(found := shape["segmentation"]):
        image = from_array(found, name)
    elif isinstance(found, Mapping):
        image = _from_run_lengths(found, name)
    elif isinstance(found, list | tuple):
        return draw(found, _needed(size))
    else:
        raise MaskError(
            f"{name} is of the type {type(found).__name__}: give polygons, run lengths or an array."
        )
    if size not in (None, image.size):
        raise MaskError(
            f"{name} is {image.width} x {image.height} pixels, but the image to refine is "
            f"{' x '.join(map(str, size or ()))}: segment that image."
        )
    return image


def _from_run_lengths(runs: Mapping[str, Any], name: str) -> PillowImage:
    from PIL import Image

    try:
        height, width = (int(side) for side in runs["size"])
        counts = runs["counts"]
        if isinstance(counts, bytes):
            counts = counts.decode("ascii")
        lengths = list(_uncompressed(counts)) if isinstance(counts, str) else [int(count) for count in counts]
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        raise MaskError(
            f"{name} has run lengths that cannot be read: give size [height, width] and counts."
        ) from None
    check_pixels((width, height), name, MaskError)
    if min(height, width) < 1 or min(lengths, default=0) < 0 or sum(lengths) != height * width:
        raise MaskError(
            f"{name} has run lengths that add up to {sum(lengths)} pixels, not to its size, {width} x {height}."
        )
    columns = b"".join(
        color * length for color, length in zip(cycle((b"\0", b"\xff")), lengths, strict=False)
    )
    return Image.frombytes("L", (height, width), columns).transpose(Image.Transpose.TRANSPOSE)


def _uncompressed(text: str) -> Iterator[int]:
    """Decode COCO's compressed counts: groups of 5 bits, lowest first, as differences to the second last count."""
    counts: list[int] = []
    for difference in _differences(text.encode("ascii")):
        counts.append(difference + (counts[-2] if len(counts) > 2 else 0))  # noqa: PLR2004
        yield counts[-1]


def _differences(text: Iterable[int]) -> Iterator[int]:
    value = shift = 0
    for character in text:
        bits = character - 48
        if not 0 <= bits < 64:  # noqa: PLR2004
            raise ValueError(character)
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            yield value - (1 << shift) if bits & 0x10 else value
            value = shift = 0
    if shift:
        raise ValueError(text)


def _needed(size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None:
        raise MaskError("Shapes need the size of their image: give image_size=(width, height).")
    return size
