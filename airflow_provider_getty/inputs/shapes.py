"""Draws boxes and polygons, given as numbers or as the text that a template renders them to."""

# ruff: noqa: PLC0415 - Pillow loads only when something is drawn: DAG files stay quick to parse

from __future__ import annotations

import json
from ast import literal_eval
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from math import ceil, nan
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow_provider_getty.api.errors import MaskError

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Box: TypeAlias = Sequence[float]
"""Left, top, right, bottom in pixels; right and bottom are the first column and row outside of the box."""
Polygon: TypeAlias = "Sequence[Sequence[float]] | Sequence[float]"
"""Three or more corners (x, y) in pixels, (0, 0) being the upper left corner of the image.

Also flat, [x, y, x, y, x, y, ...], as in COCO.
"""

_MAX_COORDINATE = 2**31


def draw(shapes: Sequence[Any], size: tuple[int, int]) -> PillowImage:
    """Draw boxes and polygons in white on black.

    :param size: width and height in pixels.
    :raises MaskError: there is no shape, or one is malformed, empty or completely outside.
    """
    from PIL import Image

    if not shapes:
        raise MaskError("The list of shapes is empty, so nothing would be refined: give at least one.")
    width, height = size
    canvas = bytearray(width * height)
    for number, shape in enumerate(shapes, 1):
        name = f"Shape {number} of the mask, {shortened(shape)},"
        corners = _corners(shape, name)
        if all(0 <= number <= 1 for corner in corners for number in corner):
            raise MaskError(
                f"{name} has all its coordinates between 0 and 1: give pixels, that is, x times the width and "
                "y times the height of the image."
            )
        if not _fill(canvas, size, corners):
            raise MaskError(f"{name} covers no pixel of an image of {width} x {height}: move it inside.")
    return Image.frombytes("L", size, bytes(canvas))


def read_list(text: str) -> Any:
    """Read a list or a dictionary, written as JSON or as Jinja renders it, with tuples.

    :raises MaskError: it is neither.
    """
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    try:
        return literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise MaskError(
            f"{shortened(text)} is not a list of numbers. (Write a path that begins with '[' or '{{' as './[...'.)"
        ) from None


def read_pixels(number: Any, name: str) -> float:
    """Read a number of pixels, also from text, as Airflow renders templates inside a list to text.

    :param name: the beginning of an error message.
    :raises MaskError: it is not a finite number.
    """
    try:
        pixels = float(number)
    except (TypeError, ValueError, OverflowError):
        pixels = nan
    if not -_MAX_COORDINATE <= pixels <= _MAX_COORDINATE:
        raise MaskError(f"{name} has {shortened(number)} for a number of pixels: give finite numbers.")
    return pixels


def _corners(shape: Any, name: str) -> list[tuple[float, float]]:
    match shape:
        case [[*_], [*_], [*_], *_]:
            return [_corner(point, name) for point in shape]
        case [[*_], *_]:
            raise MaskError(f"{name} has fewer than three corners: give a polygon three or more.")
        case [_, _, _, _, _, _, *_] if len(shape) % 2 == 0 and not any(
            isinstance(n, list | tuple) for n in shape
        ):
            return [_corner(point, name) for point in zip(shape[::2], shape[1::2], strict=True)]
        case [_, _, _, _]:
            left, top, right, bottom = (read_pixels(number, name) for number in shape)
            if right <= left or bottom <= top:
                raise MaskError(
                    f"{name} is empty: give (left, top, right, bottom), left < right, top < bottom."
                )
            return [(left, top), (right, top), (right, bottom), (left, bottom)]
    raise MaskError(
        f"{name} is neither a box nor a polygon: write shapes as [[left, top, right, bottom], ...] or "
        "[[[x, y], [x, y], [x, y], ...], ...]."
    )


def _corner(point: Any, name: str) -> tuple[float, float]:
    match point:
        case [x, y]:
            return read_pixels(x, name), read_pixels(y, name)
    raise MaskError(f"{name} has {shortened(point)} for a corner: give [x, y].")


def _fill(canvas: bytearray, size: tuple[int, int], corners: list[tuple[float, float]]) -> bool:
    """Whiten the pixels whose center is inside, by the even-odd rule; return whether there were any.

    Pillow's ImageDraw would also paint the outline, one pixel further right and down.
    """
    width, height = size
    crossings: defaultdict[int, list[float]] = defaultdict(list)
    for edge in pairwise([*corners, corners[0]]):
        (x, top), (end, bottom) = sorted(edge, key=lambda corner: corner[1])
        for row in range(max(ceil(top - 0.5), 0), min(ceil(bottom - 0.5), height)):
            crossings[row].append(x + (row + 0.5 - top) * (end - x) / (bottom - top))
    painted = False
    for row, columns in crossings.items():
        columns.sort()
        for left, right in zip(columns[::2], columns[1::2], strict=True):
            first, last = max(ceil(left - 0.5), 0), min(ceil(right - 0.5), width)
            if first < last:
                canvas[row * width + first : row * width + last] = b"\xff" * (last - first)
                painted = True
    return painted
