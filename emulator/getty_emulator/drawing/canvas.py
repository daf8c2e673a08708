"""A canvas in the picture's own pixel coordinates, with twice its resolution so that edges are smooth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from random import Random

Color = tuple[int, int, int]
Paint = Color | list[Color]
"""One color, or several from top to bottom."""
Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)
_SCALE = 2


def mix(one: Color, other: Color, share: float) -> Color:
    """Return a color between two; ``share`` is the weight of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def gradient(size: tuple[int, int], colors: Sequence[Color]) -> Image.Image:
    """Return an even gradient of the colors from top to bottom."""
    strip = Image.frombytes("RGB", (1, size[1]), _ramp(size[1], tuple(colors)))
    return strip.resize(size, Image.Resampling.NEAREST)


@lru_cache(256)
def _ramp(height: int, colors: tuple[Color, ...]) -> bytes:
    last = len(colors) - 1
    rows = bytearray()
    for row in range(height):
        place = row / max(1, height - 1) * last
        index = min(int(place), max(0, last - 1))
        rows += bytes(mix(colors[index], colors[min(index + 1, last)], place - index))
    return bytes(rows)


def noise(size: tuple[int, int], cell: Point, random: Random, octaves: int = 4) -> Image.Image:
    """Return soft gray noise whose largest spots are about ``cell`` pixels wide."""
    result: Image.Image | None = None
    for octave in range(octaves):
        grid = (
            max(2, math.ceil(size[0] / cell[0] * 2**octave)),
            max(2, math.ceil(size[1] / cell[1] * 2**octave)),
        )
        layer = Image.frombytes("L", grid, random.randbytes(grid[0] * grid[1]))
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        result = layer if result is None else Image.blend(result, layer, 0.42**octave)
    return result or Image.new("L", size)


def contrast(image: Image.Image, low: int, high: int) -> Image.Image:
    """Stretch gray values so that ``low`` becomes black and ``high`` white."""
    return image.point([max(0, min(255, (value - low) * 255 // (high - low))) for value in range(256)])


def dilated(mask: Image.Image, radius: int) -> Image.Image:
    """Return the mask with each pixel as light as the lightest in the square around it, ``radius`` pixels wide."""
    return _spread(mask, radius, ImageChops.lighter)


def eroded(mask: Image.Image, radius: int) -> Image.Image:
    """Return the mask with each pixel as dark as the darkest in the square around it, ``radius`` pixels wide."""
    return _spread(mask, radius, ImageChops.darker)


def _spread(
    mask: Image.Image, radius: int, chosen: Callable[[Image.Image, Image.Image], Image.Image]
) -> Image.Image:
    """Do the same as Pillow's rank filters, a hundred times as fast, by comparing the image with shifted copies."""
    for across, down in ((1, 0), (0, 1)):
        reach = 0
        while reach < radius:
            step = min(reach + 1, radius - reach)
            moved = [mask.copy(), mask.copy()]
            for sign, copy in zip((1, -1), moved, strict=True):
                copy.paste(mask, (sign * step * across, sign * step * down))
            mask = chosen(chosen(mask, moved[0]), moved[1])
            reach += step
    return mask


def clouds(size: tuple[int, int], cell: Point, cover: tuple[int, int], random: Random) -> Image.Image:
    """Return a mask of drifting clouds that fades out at the top and at the bottom of its box."""
    shape = contrast(noise(size, cell, random, 5), *cover)
    fade = gradient(size, [BLACK, WHITE, WHITE, BLACK]).convert("L")
    return ImageChops.multiply(shape, fade)


def grain(picture: Image.Image, random: Random) -> Image.Image:
    """Return the picture with a faint film grain, which also hides banding in gradients."""
    picture = picture.convert("RGB")
    grey = Image.frombytes("L", picture.size, random.randbytes(picture.width * picture.height))
    return Image.blend(picture, Image.merge("RGB", (grey, grey, grey)), 0.022)


def ridge(start: Point, end: Point, roughness: float, random: Random, depth: int = 8) -> list[Point]:
    """Return a jagged line between two points, by midpoint displacement."""
    points = [start, end]
    for _ in range(depth):
        finer = [points[0]]
        for left, right in itertools.pairwise(points):
            lift = random.uniform(-1, 1) * roughness
            finer += [((left[0] + right[0]) / 2, (left[1] + right[1]) / 2 + lift), right]
        points = finer
        roughness *= 0.52
    return points


def curve(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """Return a smooth line through points (a Catmull-Rom spline)."""
    padded = [points[0], *points, points[-1]]
    line = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps):
            t = step / steps
            x, y = (
                b
                + t * (c - a) / 2
                + t * t * (2 * a - 5 * b + 4 * c - d) / 2
                + t**3 * (3 * b - a - 3 * c + d) / 2
                for a, b, c, d in zip(before, start, end, after, strict=True)
            )
            line.append((x, y))
    return [*line, points[-1]]


class Canvas:
    """Later paint covers earlier paint. All measures are pixels of the finished picture."""

    def __init__(self, width: float, height: float, background: Image.Image | None = None) -> None:
        self.width, self.height = width, height
        size = (max(1, round(width * _SCALE)), max(1, round(height * _SCALE)))
        self.image = Image.new("RGBA", size)
        if background is not None:
            self.image.paste(background.resize(size, Image.Resampling.BICUBIC))

    def finish(self) -> Image.Image:
        """Return the picture in its own size."""
        return self.image.resize((round(self.width), round(self.height)), Image.Resampling.LANCZOS)

    def polygon(self, points: Sequence[Point], paint: Paint, opacity: float = 1, blur: float = 0) -> None:
        """Fill a polygon."""
        box = _bounds(points)
        self._stamp(
            box, paint, opacity, blur, lambda draw, at: draw.polygon([at(point) for point in points], 255)
        )

    def ellipse(self, box: Box, paint: Paint, opacity: float = 1, blur: float = 0) -> None:
        """Fill an ellipse."""
        self._stamp(
            box, paint, opacity, blur, lambda draw, at: draw.ellipse((*at(box[:2]), *at(box[2:])), 255)
        )

    def disc(self, center: Point, radius: float, paint: Paint, opacity: float = 1, blur: float = 0) -> None:
        """Fill a circle."""
        x, y = center
        self.ellipse((x - radius, y - radius, x + radius, y + radius), paint, opacity, blur)

    def rectangle(
        self, box: Box, paint: Paint, opacity: float = 1, blur: float = 0, radius: float = 0
    ) -> None:
        """Fill a rectangle, optionally with rounded corners."""
        self._stamp(
            box,
            paint,
            opacity,
            blur,
            lambda draw, at: draw.rounded_rectangle((*at(box[:2]), *at(box[2:])), radius * _SCALE, 255),
        )

    def line(
        self, points: Sequence[Point], paint: Paint, width: float, opacity: float = 1, blur: float = 0
    ) -> None:
        """Draw a line with round joints and ends."""
        left, top, right, bottom = _bounds(points)
        pixels = max(1, round(width * _SCALE))

        def trace(draw: ImageDraw.ImageDraw, at: Callable[[Point], Point]) -> None:
            placed = [at(point) for point in points]
            draw.line(placed, 255, pixels, joint="curve")
            for x, y in (placed[0], placed[-1]):
                draw.ellipse((x - pixels / 2, y - pixels / 2, x + pixels / 2, y + pixels / 2), 255)

        self._stamp((left - width, top - width, right + width, bottom + width), paint, opacity, blur, trace)

    def glow(self, center: Point, radius: float, color: Color, opacity: float) -> None:
        """Paint a soft light that fades out toward ``radius``."""
        x, y = center
        box = (x - radius, y - radius, x + radius, y + radius)
        size = _pixels(box)
        falloff = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC)
        mask = falloff.point([round(opacity * 255 * max(0, 1 - value / 180) ** 2) for value in range(256)])
        self._lay(box, color, mask)

    def mist(self, box: Box, paint: Paint, mask: Image.Image, opacity: float = 1) -> None:
        """Paint a box through a mask, which is stretched to fit."""
        stretched = mask.resize(_pixels(box), Image.Resampling.BICUBIC)
        self._lay(box, paint, stretched.point(_dimmed(opacity)))

    def picture(self, picture: Image.Image, center: Point, opacity: float = 1) -> None:
        """Put another picture (at the resolution of a canvas) on top of this one."""
        if opacity < 1:
            picture = picture.copy()
            picture.putalpha(picture.getchannel("A").point(_dimmed(opacity)))
        corner = (
            round(center[0] * _SCALE - picture.width / 2),
            round(center[1] * _SCALE - picture.height / 2),
        )
        self._composite(picture, corner)

    def _stamp(
        self,
        box: Box,
        paint: Paint,
        opacity: float,
        blur: float,
        trace: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], None],
    ) -> None:
        """Draw a shape into a mask of the smallest size, and paint through it."""
        pad = 2 + blur * 3
        padded = (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
        mask = Image.new("L", _pixels(padded))
        trace(
            ImageDraw.Draw(mask),
            lambda point: ((point[0] - padded[0]) * _SCALE, (point[1] - padded[1]) * _SCALE),
        )
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * _SCALE))
        if opacity < 1:
            mask = mask.point(_dimmed(opacity))
        self._lay(padded, paint, mask)

    def _lay(self, box: Box, paint: Paint, mask: Image.Image) -> None:
        layer = gradient(mask.size, paint) if isinstance(paint, list) else Image.new("RGB", mask.size, paint)
        layer.putalpha(mask)
        self._composite(layer, (round(box[0] * _SCALE), round(box[1] * _SCALE)))

    def _composite(self, layer: Image.Image, corner: tuple[int, int]) -> None:
        """Add a layer, cropped to the canvas: ``alpha_composite`` accepts no negative corner."""
        x, y = corner
        left, top = max(0, -x), max(0, -y)
        right = min(layer.width, self.image.width - x)
        bottom = min(layer.height, self.image.height - y)
        if left < right and top < bottom:
            self.image.alpha_composite(layer, (x + left, y + top), (left, top, right, bottom))


@lru_cache(256)
def _dimmed(opacity: float) -> list[int]:
    return [round(value * opacity) for value in range(256)]


def _bounds(points: Sequence[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _pixels(box: Box) -> tuple[int, int]:
    return max(1, round((box[2] - box[0]) * _SCALE)), max(1, round((box[3] - box[1]) * _SCALE))
