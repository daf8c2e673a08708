"""Extensions: continue the picture beyond its borders."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageFilter, ImageOps

from getty_emulator.drawing import palette
from getty_emulator.drawing.canvas import Canvas
from getty_emulator.drawing.refinement import softened
from getty_emulator.drawing.scene import put
from getty_emulator.drawing.style import tinted

if TYPE_CHECKING:
    from getty_emulator.drawing.canvas import Color
    from getty_emulator.state import Order

_LIGHTS: tuple[Color, ...] = ((255, 190, 120), (120, 170, 240), (240, 150, 170), (150, 200, 150))
"""The lighting of the margins, by seed, so that the results of one generation differ."""
_SEAM = 7
"""Width in pixels of the transition between new and original."""
_FAR = 90
"""Distance in pixels from the original at which the transition ends."""
_ROOM = 60
"""Pixels. A narrower margin has no room for the prompt's motifs."""


class Margins(NamedTuple):
    """The borders of the original within the extended picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def placed(order: Order) -> Margins:
    """Return the place of the original in an order's picture."""
    options = order.options
    left, right, top, bottom = (
        float(options.get(f"{side}_percentage", 0)) / 100 for side in ("left", "right", "top", "bottom")
    )
    scale_x = order.width / (1 + left + right)
    scale_y = order.height / (1 + top + bottom)
    x, y = round(left * scale_x), round(top * scale_y)
    return Margins(x, y, x + max(1, round(scale_x)), y + max(1, round(scale_y)))


def draw_extension(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the image with its new margins. The original stays unchanged except at the seam."""
    at = placed(order)
    inner = base.resize((at.right - at.left, at.bottom - at.top), Image.Resampling.LANCZOS)
    size = (order.width, order.height)
    result = _continued(inner, size, at, seed)
    if palette.read(order.prompt).motifs:
        result = _peopled(result, order, _margins(size, at), seed)
    white = Image.new("L", size)
    white.paste(255, (at.left, at.top, at.right, at.bottom))
    whole = result.copy()
    whole.paste(inner, at[:2])
    return Image.composite(whole, result, softened(white, _SEAM))


def _continued(inner: Image.Image, size: tuple[int, int], at: Margins, seed: int) -> Image.Image:
    """Return the picture mirrored beyond its borders, calmer with the distance above and below."""
    tile = Image.new("RGB", (inner.width * 2, inner.height * 2))
    for column, across in ((0, inner), (1, ImageOps.mirror(inner))):
        tile.paste(across, (column * inner.width, 0))
        tile.paste(ImageOps.flip(across), (column * inner.width, inner.height))
    near = Image.new("RGB", size)
    for x in range(at.left % tile.width - tile.width, size[0], tile.width):
        for y in range(at.top % tile.height - tile.height, size[1], tile.height):
            near.paste(tile, (x, y))
    # Above and below there is mostly sky and ground: continue the rows at the border.
    far = near.copy()
    if at.top:
        strip = inner.crop((0, 0, inner.width, max(2, inner.height // 12)))
        far.paste(_stretched(strip, (size[0], at.top)), (0, 0))
    if at.bottom < size[1]:
        strip = inner.crop((0, inner.height - max(2, inner.height // 12), inner.width, inner.height))
        far.paste(_stretched(ImageOps.flip(strip), (size[0], size[1] - at.bottom)), (0, at.bottom))
    far = far.filter(ImageFilter.GaussianBlur(6))
    mixed = Image.composite(far, near, _distance(size, (0, at.top, size[0], at.bottom)))
    light = tinted(mixed, _LIGHTS[seed % len(_LIGHTS)], 0.18)
    return Image.composite(light, mixed, _distance(size, at))


def _distance(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """Return the distance from a box as a mask: black inside and at its border, white from ``_FAR`` pixels on."""
    half = _FAR // 2
    far = Image.new("L", size, 255)
    far.paste(0, (box[0] - half, box[1] - half, box[2] + half, box[3] + half))
    return far.filter(ImageFilter.BoxBlur(half))


def _peopled(
    picture: Image.Image, order: Order, boxes: list[tuple[int, int, int, int]], seed: int
) -> Image.Image:
    """Return the picture with the prompt's motifs in its margins."""
    random = Random(f"{seed} {order.prompt}")  # noqa: S311 - nothing secret
    wish = palette.read(order.prompt)
    canvas = Canvas(*picture.size, picture)
    for box in boxes:
        for name in wish.motifs:
            put(canvas, box, name, wish.colors, random)
    return canvas.finish().convert("RGB")


def _stretched(strip: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.flip(strip).resize(size, Image.Resampling.BICUBIC)


def _margins(size: tuple[int, int], at: Margins) -> list[tuple[int, int, int, int]]:
    """Return the new areas that have room for motifs, the larger ones undivided."""
    boxes = [
        (0, 0, at.left, size[1]),
        (at.right, 0, size[0], size[1]),
        (at.left, 0, at.right, at.top),
        (at.left, at.bottom, at.right, size[1]),
    ]
    return [box for box in boxes if box[2] - box[0] >= _ROOM and box[3] - box[1] >= _ROOM]
