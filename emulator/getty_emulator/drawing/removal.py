"""Removals: the subject without its background, or the image without the objects under a mask."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from getty_emulator.drawing.canvas import dilated, grain
from getty_emulator.drawing.refinement import feathered, read_mask
from getty_emulator.drawing.subject import cut_out, subject_of

if TYPE_CHECKING:
    from getty_emulator.state import Order

_LARGE = 40_000
"""Pixels."""
_SQUARE = 16
"""Side in pixels of a checkerboard square; checks show transparency, which JPEG lacks."""


def draw_background_removal(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the subject on a checkerboard."""
    subject = cut_out(base, subject_of(base, order.source))
    checkers = Image.new("RGB", base.size, (255, 255, 255))
    draw = ImageDraw.Draw(checkers)
    grey = 216 + seed % 4 * 4
    for y in range(0, base.height, _SQUARE):
        for x in range(y // _SQUARE % 2 * _SQUARE, base.width, _SQUARE * 2):
            draw.rectangle((x, y, x + _SQUARE - 1, y + _SQUARE - 1), (grey, grey, grey))
    checkers.paste(subject, mask=subject)
    return checkers


def draw_object_removal(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the image with the white area of the mask filled from its surroundings, and the rest unchanged."""
    white = read_mask(order.mask or b"", base.size)
    box = white.getbbox()
    if box is None:
        return base.copy()
    hole = dilated(white, 2)
    random = Random(seed)  # noqa: S311 - nothing secret
    healed = Image.blend(_diffused(base, hole), _across(base, hole), 0.72)
    result = base.copy()
    result.paste(grain(healed.filter(ImageFilter.GaussianBlur(1)), random), mask=feathered(white, box))
    return result


def _diffused(base: Image.Image, hole: Image.Image) -> Image.Image:
    """Fill a hole: shrink the image until the hole closes, then scale the result back up into it."""
    known = ImageChops.invert(hole)
    sizes = [base.size]
    while max(sizes[-1]) > 2:
        sizes.append((max(1, sizes[-1][0] // 2), max(1, sizes[-1][1] // 2)))
    layers = [(ImageChops.multiply(base, Image.merge("RGB", (known,) * 3)), known)]
    for size in sizes[1:]:
        picture, weight = layers[-1]
        layers.append((picture.resize(size, Image.Resampling.BOX), weight.resize(size, Image.Resampling.BOX)))
    filled = layers[-1][0]
    for picture, weight in reversed(layers):
        divided = _divided(picture, weight)
        filled = Image.composite(
            divided,
            filled.resize(picture.size, Image.Resampling.BICUBIC),
            weight.point([min(255, value * 2) for value in range(256)]),
        )
    return filled


def _divided(picture: Image.Image, weight: Image.Image) -> Image.Image:
    """Return the picture without the black that its hole has mixed into it."""
    if weight.getextrema() == (255, 255):
        return picture
    if picture.width * picture.height > _LARGE:
        return picture  # its weights are 0 or 255, except at the edge
    pairs = zip(picture.tobytes(), (w for w in weight.tobytes() for _ in range(3)), strict=True)
    return Image.frombytes(
        "RGB", picture.size, bytes(min(255, value * 255 // w) if w else 0 for value, w in pairs)
    )


def _across(base: Image.Image, hole: Image.Image) -> Image.Image:
    """Fill a hole row by row from its left and right sides, so that horizons stay in place."""
    result = base.copy()
    box = hole.getbbox()
    if box is None:
        return result
    left, top, right, bottom = box
    for y in range(top, bottom):
        row = hole.crop((left, y, right, y + 1)).getbbox()
        if row is None:
            continue
        start, end = left + row[0], left + row[2]
        sides = [
            base.crop((a, y, b, y + 1)).resize((1, 1), Image.Resampling.BOX)
            for a, b in ((max(0, start - 12), start), (end, min(base.width, end + 12)))
            if b > a
        ]
        if not sides:
            continue
        pair = Image.new("RGB", (2, 1))
        pair.paste(sides[0], (0, 0))
        pair.paste(sides[-1], (1, 0))
        result.paste(pair.resize((end - start, 1), Image.Resampling.BILINEAR), (start, y))
    return result
