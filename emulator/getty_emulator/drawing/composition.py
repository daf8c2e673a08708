"""The placement of motifs in an area, their distance, and their lighting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from getty_emulator.drawing.canvas import BLACK, WHITE, Canvas, Color, mix
from getty_emulator.drawing.motifs import MOTIFS, Motif, Place

if TYPE_CHECKING:
    from random import Random

_CREAM: Color = (255, 240, 214)
_SMALLEST = 14
"""Minimum size of a piece in pixels."""
_FIRST_COLOR = 0.72
"""Share of pieces in the first color."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """The place of one piece: its center, its size, and its nearness (0 far, 1 near)."""

    x: float
    y: float
    size: float
    nearness: float


class Composition:
    """An area of a picture to be filled with motifs, one kind after another."""

    def __init__(self, canvas: Canvas, ambient: Color, random: Random) -> None:
        self._canvas, self._ambient, self._random = canvas, ambient, random
        self._taken: list[_Spot] = []

    def add(self, name: str, wished: tuple[Color, ...]) -> None:
        """Paint a motif in a number and size that suit it."""
        motif, random = MOTIFS[name], self._random
        colors = (*wished, mix(wished[0], _CREAM, 0.45)) if wished else motif.colors
        spots = self._spots(motif)
        self._taken += spots
        for spot in sorted(spots, key=lambda spot: spot.nearness):
            color = colors[0] if random.random() < _FIRST_COLOR else random.choice(colors)
            color = mix(color, random.choice((WHITE, BLACK)), random.random() * 0.12)
            self._put(motif, spot, color)

    def _spots(self, motif: Motif) -> list[_Spot]:
        width, height, random = self._canvas.width, self._canvas.height, self._random
        side = max(_SMALLEST, min(width, height * 1.5) * motif.size)
        match motif.place:
            case Place.ALONE:
                size = max(_SMALLEST, min(width, height) * motif.size)
                free = max(0.0, width - size) / 2 * 0.6
                return [_Spot(width / 2 + random.uniform(-free, free), height / 2, size, 1.0)]
            case Place.STANDING:
                return _rows(width, height, motif, random)
            case Place.SAILING:
                return _fleet(width, height, min(side, height * 0.92), random)
            case Place.AFLOAT:
                return self._scattered(min(side, height * 0.96, width * 0.96))

    def _scattered(self, side: float) -> list[_Spot]:
        """Spread pieces so that they do not overlap: each takes the best of a few random places."""
        width, height, random = self._canvas.width, self._canvas.height, self._random
        spots: list[_Spot] = []
        for number in range(max(1, min(16, round(width * height / (side * side) * 1.5)))):
            nearness = 1.0 if number == 0 else random.random() ** 1.3
            size = max(_SMALLEST, side * (0.34 + 0.66 * nearness))
            across, down = max(0.0, width / 2 - size * 0.46), max(0.0, height / 2 - size * 0.48)
            tries = [
                _Spot(
                    width / 2 + random.uniform(-across, across),
                    height / 2 + random.uniform(-down, down),
                    size,
                    nearness,
                )
                for _ in range(24)
            ]
            taken = [*self._taken, *spots]
            best = max(tries, key=lambda spot: _freedom(spot, taken)) if taken else tries[0]
            if not spots or _freedom(best, taken) > 0:
                spots.append(best)
        return spots

    def _put(self, motif: Motif, spot: _Spot, color: Color) -> None:
        """Paint one piece with its shadow, tinted by the light at its place and hazy with distance."""
        canvas, ambient, size = self._canvas, self._ambient, spot.size
        piece = Canvas(size, size)
        motif.paint(piece, size, color, self._random)
        picture, center = piece.image, (spot.x, spot.y)
        if motif.luminous:
            canvas.picture(picture, center, 0.55 + 0.45 * spot.nearness)
            return
        alpha = picture.getchannel("A")
        light = Image.new("RGB", picture.size, mix(WHITE, mix(ambient, WHITE, 0.35), 0.5))
        haze = Image.new("RGB", picture.size, mix(ambient, WHITE, 0.25))
        lit = ImageChops.multiply(picture.convert("RGB"), light)
        lit = Image.blend(lit, haze, 0.42 * (1 - spot.nearness))
        lit.putalpha(alpha)
        shadow = Image.new("RGBA", picture.size, mix(ambient, BLACK, 0.75))
        shadow.putalpha(alpha.filter(ImageFilter.GaussianBlur(max(1, size * 0.035))))
        canvas.picture(shadow, (spot.x + size * 0.015, spot.y + size * 0.02), 0.1 + 0.12 * spot.nearness)
        canvas.picture(lit, center)


def _freedom(spot: _Spot, taken: list[_Spot]) -> float:
    """Return the distance of a spot to the nearest other piece; negative if they overlap."""
    return min(
        (math.dist((spot.x, spot.y), (other.x, other.y)) - (spot.size + other.size) * 0.4 for other in taken),
        default=0.0,
    )


def _fleet(width: float, height: float, side: float, random: Random) -> list[_Spot]:
    """Place pieces on the water; the nearer ones are lower and larger."""
    count = max(1, min(5, round(width / side * 0.8)))
    spots = []
    first = random.randrange(count)
    for number in range(count):
        nearness = 1.0 if number == first else random.uniform(0.1, 0.7)
        size = max(_SMALLEST, side * (0.36 + 0.64 * nearness))
        x = width * (number + random.uniform(0.36, 0.64)) / count
        spots.append(_Spot(x, height * (0.56 + 0.38 * nearness) - size * 0.38, size, nearness))
    return spots


def _rows(width: float, height: float, motif: Motif, random: Random) -> list[_Spot]:
    """Place pieces along the lower edge in several rows; in a tall area they rise like a bouquet."""
    spots = []
    bouquet = height > width * 0.75
    side = height * motif.size * (0.62 if bouquet else 0.9)
    side = max(_SMALLEST, min(side, width * 0.5))
    ranks = 4 if bouquet else 3
    for rank in range(ranks):
        nearness = (rank + 1) / ranks
        size = side * (0.66 + 0.34 * nearness)
        count = max(1, min(16, round(width / (size * 0.42)))) if not bouquet else 5 - rank // 2
        for number in range(count):
            x = width * (number + random.uniform(0.15, 0.85)) / count
            if bouquet:
                fan = (number + 0.5) / count - 0.5
                x = width * (0.5 + fan * (0.92 - 0.12 * rank)) + random.uniform(-0.03, 0.03) * width
                rise = height * (0.46 - 0.13 * rank - abs(fan) * 0.26)
            else:
                rise = height * 0.2 * (1 - nearness)
            y = height - size * 0.47 - rise + random.uniform(-0.03, 0.03) * height
            spots.append(_Spot(x, y, size * random.uniform(0.86, 1.1), nearness))
    return spots


def paint_ribbons(canvas: Canvas, colors: tuple[Color, ...], random: Random) -> None:
    """Paint flowing ribbons of light, for a prompt without known motifs."""
    width, height = canvas.width, canvas.height
    thick = height / 9
    for number in range(9):
        phase, wave = random.uniform(0, math.tau), random.uniform(0.6, 1.6)
        middle = height * (number + 0.6) / 9
        line = [
            (
                width * step / 40,
                middle
                + height * 0.09 * math.sin(phase + wave * math.tau * step / 40)
                + height * 0.03 * math.sin(phase * 3 + step / 3),
            )
            for step in range(-2, 43)
        ]
        color = mix(colors[number % len(colors)], WHITE, random.uniform(0.05, 0.4))
        band = [*line, *[(x, y + thick * random.uniform(0.9, 1.1)) for x, y in reversed(line)]]
        canvas.polygon([(x, y + thick * 0.16) for x, y in band], BLACK, 0.16, thick * 0.12)
        canvas.polygon(band, [mix(color, WHITE, 0.3), color], 0.62, thick * 0.03)
        canvas.line(line, WHITE, max(0.6, thick * 0.05), 0.55, thick * 0.02)
    for _ in range(26):
        radius = random.uniform(0.01, 0.05) * min(width, height)
        spot = (random.uniform(0, width), random.uniform(0, height))
        canvas.disc(spot, radius, mix(random.choice(colors), WHITE, 0.6), 0.4, radius * 0.2)
