"""Influences: a new picture in the colours of a reference, or with its composition."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter, ImageOps

from getty_emulator.drawing import palette
from getty_emulator.drawing.canvas import BLACK, WHITE, mix
from getty_emulator.drawing.scene import scene
from getty_emulator.drawing.style import outlines, palette_of, recoloured, styled

if TYPE_CHECKING:
    from getty_emulator.state import Order


def draw_colour_influence(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the scene of the prompt in the colours of the reference: the more noise, the more of its own."""
    painted = scene((order.width, order.height), order.prompt, seed)
    coloured = recoloured(painted, palette_of(base, 7))
    own = 0.1 + 0.5 * float(order.options.get("noise_level", 0.2))
    return styled(Image.blend(coloured, painted, own), order)


def draw_composition_influence(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return what the reference shows, painted in the colours of the prompt."""
    random = Random(f"{seed} {order.prompt}")  # noqa: S311 - nothing secret
    picture = ImageOps.fit(base, (order.width, order.height), Image.Resampling.LANCZOS)
    wish = palette.read(order.prompt)
    colours = list(wish.colours or palette.any_colours(order.prompt))
    if wish.ground:
        colours.append(wish.ground)
    accents = palette.any_colours(f"{order.prompt} {seed}")
    colours = [mix(colour, random.choice(accents), random.uniform(0, 0.4)) for colour in colours]
    ramp = [mix(colours[0], BLACK, 0.55), *colours, mix(colours[-1], WHITE, 0.55)]
    ramp.sort(key=sum)
    # The lower the influence, the coarser the strokes in which it is seen.
    stroke = 3 + 2 * round((1 - float(order.options.get("influence_level", 0.7))) * 3)
    small = picture.reduce(2).filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.ModeFilter(stroke))
    flat = ImageOps.posterize(recoloured(small, ramp), 4).resize(picture.size, Image.Resampling.BICUBIC)
    inked = ImageChops.multiply(flat, outlines(picture, 18))
    return styled(Image.blend(inked, picture, 0.08), order)
