"""Variations of a picture; also the default drawing of an operation."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from getty_emulator.drawing.canvas import WHITE, Canvas, Color, clouds
from getty_emulator.drawing.style import tinted

if TYPE_CHECKING:
    from getty_emulator.state import Order

_LIGHTS: tuple[Color, ...] = ((255, 176, 84), (84, 150, 240), (236, 120, 160), (120, 190, 120))


def draw_variation(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the image from another viewpoint, in another light and under another sky, depending on the seed."""
    random = Random(f"{seed} {order.prompt}")  # noqa: S311 - nothing secret
    width, height = base.size
    zoom = random.uniform(1.06, 1.3)
    wide, high = round(width / zoom), round(height / zoom)
    left, top = round(random.random() * (width - wide)), round(random.random() * (height - high))
    seen = base.resize((width, height), Image.Resampling.BICUBIC, (left, top, left + wide, top + high))
    if seed % 2:
        seen = ImageOps.mirror(seen)
    canvas = Canvas(width, height, tinted(seen, _LIGHTS[seed // 2 % len(_LIGHTS)], random.uniform(0.3, 0.5)))
    drifting = clouds((256, 128), (90, 30), (110, 200), random)
    canvas.mist((0, -height * 0.1, width, height * random.uniform(0.4, 0.7)), WHITE, drifting, 0.4)
    return canvas.finish().convert("RGB")
