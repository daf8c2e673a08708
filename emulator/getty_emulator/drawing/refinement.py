"""Draws a refinement: clears the white area of the mask, and paints it again."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from getty_emulator.drawing import palette
from getty_emulator.drawing.canvas import WHITE, Canvas, Color, clouds, contrast, dilated, mix
from getty_emulator.drawing.composition import Composition, paint_ribbons

if TYPE_CHECKING:
    from getty_emulator.state import Order

_HALF = 128
_MARGIN = 8
"""Pixels. An area this close to the border of the image cannot be filled from that side."""
_BESIDE = 28
"""Pixels to the left and right of an area from which its empty look is derived."""
_STANDS_OUT = (34, 60)
"""Differences from the surroundings (0 to 255) up to which nothing is removed, and from which all is."""
_Pixels = tuple[int, int, int, int]


def draw_refinement(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the image with the white area of the mask painted by prompt and seed, and the rest unchanged."""
    return repainted(base, read_mask(order.mask or b"", base.size), order, seed)


def repainted(base: Image.Image, white: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the image with the white area of a mask of the same size painted by prompt and seed."""
    box = white.getbbox()
    if box is None:
        return base.copy()
    random = Random(f"{seed} {order.prompt} {order.negative_prompt}")  # noqa: S311 - nothing secret
    wish = palette.read(order.prompt)
    area = _Area(cleared(base, white, box).crop(box), _faded(white, box).crop(box))
    layer = base.copy()
    layer.paste(area.painted(wish, palette.any_colors(order.prompt), random), box[:2])
    result = base.copy()
    result.paste(layer, mask=feathered(white, box))
    return result


def read_mask(content: bytes, size: tuple[int, int]) -> Image.Image:
    """Return the mask in the size of the image: 255 where it is white, otherwise 0."""
    mask = Image.open(io.BytesIO(content)).convert("L").resize(size, Image.Resampling.BILINEAR)
    return mask.point([0] * _HALF + [255] * _HALF)


def feathered(white: Image.Image, box: _Pixels) -> Image.Image:
    """Return the mask with an edge that is soft only toward its inside: black stays 0."""
    return softened(white, min(3.0, _shorter(box) / 24))


def cleared(base: Image.Image, white: Image.Image, box: _Pixels) -> Image.Image:
    """Return the image without things in the white area that stand out from their left and right surroundings."""
    left, top, right, bottom = box
    strips = [
        base.crop((start, top, end, bottom)).resize((1, bottom - top), Image.Resampling.BOX)
        for start, end in ((max(0, left - _BESIDE), left), (right, min(base.width, right + _BESIDE)))
        if end - start >= _MARGIN
    ]
    if not strips:
        return base
    columns = Image.new("RGB", (2, bottom - top))
    columns.paste(strips[0], (0, 0))
    columns.paste(strips[-1], (1, 0))
    calm = columns.resize((right - left, bottom - top), Image.Resampling.BILINEAR).filter(
        ImageFilter.BoxBlur(2)
    )
    inside = base.crop(box)
    strange = ImageChops.difference(inside, calm).convert("L").filter(ImageFilter.GaussianBlur(5))
    strange = dilated(contrast(strange, *_STANDS_OUT), 7).filter(ImageFilter.GaussianBlur(5))
    result = base.copy()
    result.paste(Image.composite(calm, inside, ImageChops.darker(strange, white.crop(box))), box[:2])
    return result


@dataclass(frozen=True, slots=True)
class _Area:
    """The masked part of an image, and a mask that fades from its middle to its edge."""

    ground: Image.Image
    faded: Image.Image

    def painted(self, wish: palette.Wish, spare: tuple[Color, ...], random: Random) -> Image.Image:
        """Return the area with new atmosphere, light and motifs or, without any motif, ribbons of color."""
        ambient = mean(self.ground)
        colors = wish.colors or spare
        aired = self._aired(
            wish.ground or mix(ambient, mix(colors[0], WHITE, 0.5), 0.5), wish, ambient, random
        )
        canvas = Canvas(*self.ground.size, aired)
        if not wish.motifs:
            paint_ribbons(
                canvas, colors if len(colors) > 1 else (*colors, mix(colors[0], WHITE, 0.5)), random
            )
            return Image.composite(canvas.finish().convert("RGB"), aired, self.faded)
        composition = Composition(canvas, ambient, random)
        for motif in wish.motifs:
            composition.add(motif, wish.colors)
        return canvas.finish().convert("RGB")

    def _aired(self, tone: Color, wish: palette.Wish, ambient: Color, random: Random) -> Image.Image:
        """Add veils of color, strongest in the middle, so that the new light shows no visible border."""
        width, height = self.ground.size
        strength = 0.62 if wish.ground else 0.3
        veiled = Canvas(width, height, self.ground)
        veiled.rectangle(
            (-4, -4, width + 4, height + 4), [mix(tone, ambient, 0.25), mix(tone, WHITE, 0.25)], strength
        )
        size = (max(2, width // 3), max(2, height // 3))
        drifting = clouds(size, (max(8, size[0] / 2), max(8, size[1] / 3)), (80, 200), random)
        veiled.mist((0, 0, width, height), mix(tone, WHITE, 0.55), drifting, strength * 0.9)
        return Image.composite(veiled.finish().convert("RGB"), self.ground, self.faded)


def _faded(white: Image.Image, box: _Pixels) -> Image.Image:
    return softened(white, _shorter(box) / 7).point([12 + value * 243 // 255 for value in range(256)])


def softened(white: Image.Image, radius: float) -> Image.Image:
    """Blur a mask inward. Beyond the border of the image, the mask continues as at the border."""
    soft = white.filter(ImageFilter.GaussianBlur(radius)).point(
        [max(0, value * 2 - 255) for value in range(256)]
    )
    return ImageChops.darker(soft, white)


def _shorter(box: _Pixels) -> int:
    return min(box[2] - box[0], box[3] - box[1])


def mean(picture: Image.Image) -> Color:
    """Return the mean color of a picture."""
    red, green, blue = picture.resize((1, 1), Image.Resampling.BOX).tobytes()
    return red, green, blue
