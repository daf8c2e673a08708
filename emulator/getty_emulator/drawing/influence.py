"""Influences: a new picture in the colors of a reference, or with its composition."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter, ImageOps

from getty_emulator.drawing import palette
from getty_emulator.drawing.canvas import BLACK, WHITE, mix
from getty_emulator.drawing.scene import scene
from getty_emulator.drawing.style import outlines, palette_of, recolored, styled

if TYPE_CHECKING:
    from getty_emulator.state import Order


def draw_color_influence(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the prompt's scene in the colors of the reference; the more noise, the more of its own colors."""
    painted = scene((order.width, order.height), order.prompt, seed)
    colored = recolored(painted, palette_of(base, 7))
    own = 0.1 + 0.5 * float(order.options.get("noise_level", 0.2))
    return styled(Image.blend(colored, painted, own), order)


def draw_composition_influence(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the reference's composition, painted in the prompt's colors."""
    random = Random(f"{seed} {order.prompt}")  # noqa: S311 - nothing secret
    picture = ImageOps.fit(base, (order.width, order.height), Image.Resampling.LANCZOS)
    wish = palette.read(order.prompt)
    colors = list(wish.colors or palette.any_colors(order.prompt))
    if wish.ground:
        colors.append(wish.ground)
    accents = palette.any_colors(f"{order.prompt} {seed}")
    colors = [mix(color, random.choice(accents), random.uniform(0, 0.4)) for color in colors]
    ramp = [mix(colors[0], BLACK, 0.55), *colors, mix(colors[-1], WHITE, 0.55)]
    ramp.sort(key=sum)
    # The lower the influence, the coarser the strokes.
    stroke = 3 + 2 * round((1 - float(order.options.get("influence_level", 0.7))) * 3)
    small = picture.reduce(2).filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.ModeFilter(stroke))
    flat = ImageOps.posterize(recolored(small, ramp), 4).resize(picture.size, Image.Resampling.BICUBIC)
    inked = ImageChops.multiply(flat, outlines(picture, 18))
    return styled(Image.blend(inked, picture, 0.08), order)
