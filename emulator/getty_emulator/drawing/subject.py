"""Separates the subject of an image from its background."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from getty_emulator.drawing.canvas import Canvas, contrast, dilated, eroded
from getty_emulator.drawing.library import LIBRARY
from getty_emulator.drawing.style import palette_of

if TYPE_CHECKING:
    from getty_emulator.state import Source

_SMALL = 192
"""The longer side, in pixels, of the reduced image that is analyzed."""


def subject_of(picture: Image.Image, source: Source | None) -> Image.Image:
    """Return a mask that is white on the subject: known for a library image, otherwise detected."""
    image = LIBRARY.get(source.asset_id or "") if source else None
    if image is not None and image.subject is not None:
        canvas = Canvas(*picture.size)
        image.subject(canvas)
        return canvas.finish().getchannel("A").point([0] * 128 + [255] * 128)
    return found(picture)


def found(picture: Image.Image) -> Image.Image:
    """Return where the picture differs from the colors along its border or, if inconclusive, an ellipse."""
    scale = _SMALL / max(picture.size)
    size = (max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BOX)
    rim = Image.new("RGB", (size[0], 9))
    rim.paste(small.crop((0, 0, size[0], 3)))
    rim.paste(small.crop((0, 0, 3, size[1])).resize((size[0], 3)), (0, 3))
    rim.paste(small.crop((size[0] - 3, 0, size[0], size[1])).resize((size[0], 3)), (0, 6))
    strange = Image.new("L", size, 255)
    for color in palette_of(rim, 6):
        bands = ImageChops.difference(small, Image.new("RGB", size, color)).split()
        strange = ImageChops.darker(strange, ImageChops.lighter(ImageChops.lighter(*bands[:2]), bands[2]))
    strange = contrast(strange, 26, 54).filter(ImageFilter.MedianFilter(5))
    share = sum(strange.histogram()[128:]) / (size[0] * size[1])
    if not 0.015 < share < 0.85:
        strange = Image.new("L", size)
        left, top = size[0] * 0.22, size[1] * 0.16
        ImageDraw.Draw(strange).ellipse((left, top, size[0] - left, size[1] - top), 255)
    strange = _without_holes(strange.point([0] * 128 + [255] * 128))
    grown = eroded(dilated(strange, 2), 2)
    soft = grown.resize(picture.size, Image.Resampling.BICUBIC).filter(
        ImageFilter.GaussianBlur(2 / scale / 2)
    )
    return soft.point([0] * 128 + [255] * 128)


def _without_holes(mask: Image.Image) -> Image.Image:
    """Return the mask with its holes filled: white wherever black does not lead to the border."""
    padded = ImageOps.expand(mask, 1, fill=0)
    ImageDraw.floodfill(padded, (0, 0), 128)
    filled = padded.point([0 if value == 128 else 255 for value in range(256)])
    return filled.crop((1, 1, mask.width + 1, mask.height + 1))


def cut_out(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the picture, transparent where the mask is black, and without a fringe at the edge."""
    edge = eroded(mask, 1).filter(ImageFilter.GaussianBlur(1))
    result = picture.convert("RGBA")
    result.putalpha(edge)
    return result
