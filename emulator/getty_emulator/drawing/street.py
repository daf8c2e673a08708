"""A library image: old houses in the morning."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from getty_emulator.drawing.canvas import (
    BLACK,
    WHITE,
    Canvas,
    Color,
    Point,
    clouds,
    contrast,
    gradient,
    grain,
    mix,
    noise,
)

if TYPE_CHECKING:
    from PIL import Image

_GROUND = 520
_HOUSES: tuple[tuple[float, float, Color, Color], ...] = (
    (-40, 236, (206, 112, 84), (120, 70, 66)),
    (150, 190, (236, 194, 112), (132, 80, 66)),
    (318, 262, (110, 158, 158), (96, 74, 80)),
    (500, 206, (240, 222, 196), (140, 84, 66)),
    (668, 246, (222, 148, 140), (112, 72, 72)),
    (846, 196, (150, 168, 124), (128, 82, 68)),
)
"""Left, top, wall, roof."""
_GLASS: list[Color] = [(64, 84, 112), (128, 158, 180)]


def street() -> Image.Image:
    """Paint a street of old houses in the morning."""
    random = Random(8)  # noqa: S311
    width, height, ground = 1024, 683, _GROUND
    canvas = Canvas(
        width, height, gradient((8, 300), [(96, 160, 214), (176, 212, 232), (246, 232, 208), (246, 232, 208)])
    )
    canvas.mist((0, -30, width, 280), WHITE, clouds((1024, 320), (340, 80), (122, 200), random), 0.8)
    canvas.glow((900, 120), 420, (255, 232, 190), 0.7)
    houses(canvas)
    canvas.rectangle((0, ground - 90, width, ground), BLACK, 0.14, 26)
    canvas.rectangle((0, ground, width, height + 4), [(176, 160, 146), (132, 118, 112)])
    canvas.rectangle((0, ground, width, ground + 30), [(216, 204, 186), (190, 178, 164)])
    for row in range(12):
        y = ground + 36 + row * (5 + row * 0.9)
        canvas.line([(0, y), (width, y)], (96, 84, 82), 1, 0.28)
        offset = (row % 2) * (10 + row)
        for x in range(-40, width + 60, 26 + row * 4):
            canvas.line(
                [(x + offset, y), (x + offset + (x - 512) * 0.02, y + 6 + row)], (96, 84, 82), 1, 0.25
            )
    canvas.mist(
        (0, ground, width, height),
        (255, 226, 176),
        contrast(noise((1024, 160), (420, 60), random), 110, 210),
        0.4,
    )
    for x in (236, 590, 930):
        _lamp(canvas, x, ground + 24)
    for x in (110, 424, 760):
        _tub(canvas, random, x, ground + 26)
    canvas.glow((960, 60), 560, (255, 226, 170), 0.4)
    return grain(canvas.finish(), random)


def houses(canvas: Canvas) -> None:
    """Paint only the houses."""
    random = Random(8)  # noqa: S311
    for number, (left, top, wall, roof) in enumerate(_HOUSES):
        right = _HOUSES[number + 1][0] if number + 1 < len(_HOUSES) else canvas.width + 40
        _house(canvas, random, (left, top, right, _GROUND), (wall, roof))


def _house(
    canvas: Canvas, random: Random, box: tuple[float, float, float, float], paints: tuple[Color, Color]
) -> None:
    wall, roof = paints
    left, top, right, ground = box
    span = right - left
    canvas.polygon(
        [(left - 5, top), (left + 16, top - 46), (right - 16, top - 46), (right + 5, top)],
        [mix(roof, WHITE, 0.2), roof],
    )
    for tile in range(5):
        y = top - 40 + tile * 9
        canvas.line([(left + 12 - tile * 3, y), (right - 12 + tile * 3, y)], mix(roof, BLACK, 0.3), 1.2, 0.4)
    chimney = left + span * random.uniform(0.2, 0.7)
    canvas.rectangle(
        (chimney, top - 78, chimney + 22, top - 34), [mix(roof, WHITE, 0.15), mix(roof, BLACK, 0.2)]
    )
    canvas.rectangle((left, top, right, ground), [mix(wall, WHITE, 0.16), wall, mix(wall, (90, 70, 80), 0.2)])
    canvas.rectangle((left, top, left + 7, ground), BLACK, 0.16, 4)
    canvas.rectangle((left, top, right, top + 9), BLACK, 0.2, 4)
    canvas.rectangle((left - 3, top - 3, right + 3, top + 4), mix(wall, WHITE, 0.5))
    shutter = mix(roof, (60, 96, 100), 0.6)
    columns = 2 if span < 180 else 3
    floors = max(1, int((ground - top - 130) // 92) + 1)
    for floor in range(floors):
        for column in range(columns):
            x = left + span * (column + 0.5) / columns
            y = top + 30 + floor * 88
            _window(canvas, random, (x, y), shutter, wall)
    shop = (left + 16, ground - 92, right - 16, ground)
    canvas.rectangle(shop, [(52, 56, 70), (88, 84, 88)])
    canvas.rectangle(
        (shop[0] + 6, shop[1] + 14, shop[2] - 46, ground - 18), [(250, 214, 150), (206, 156, 104)], 0.9
    )
    canvas.rectangle(
        (shop[2] - 40, shop[1] + 12, shop[2] - 8, ground),
        [mix(shutter, BLACK, 0.2), mix(shutter, BLACK, 0.4)],
    )
    canvas.disc((shop[2] - 33, ground - 38), 2, (240, 206, 130))
    stripes = 9
    step = (shop[2] - shop[0] + 12) / stripes
    awning = mix(wall, (200, 70, 60), 0.6) if sum(wall) > 450 else mix(wall, (40, 70, 90), 0.5)
    canvas.rectangle((shop[0], shop[1] + 24, shop[2], shop[1] + 46), BLACK, 0.3, 6)
    for number in range(stripes):
        x = shop[0] - 6 + number * step
        tone = awning if number % 2 else (250, 244, 232)
        canvas.polygon(
            [(x + 4, shop[1] - 8), (x + step + 2, shop[1] - 8), (x + step, shop[1] + 22), (x, shop[1] + 22)],
            [tone, mix(tone, BLACK, 0.12)],
        )
        canvas.ellipse((x, shop[1] + 15, x + step, shop[1] + 30), mix(tone, BLACK, 0.12))


def _window(canvas: Canvas, random: Random, spot: Point, shutter: Color, wall: Color) -> None:
    x, y = spot
    canvas.rectangle((x - 16, y - 4, x + 16, y + 50), mix(wall, WHITE, 0.55))
    canvas.rectangle((x - 12, y, x + 12, y + 45), _GLASS)
    canvas.polygon([(x - 12, y + 30), (x + 12, y + 6), (x + 12, y + 18), (x - 12, y + 42)], WHITE, 0.2)
    canvas.line([(x, y), (x, y + 45)], (246, 240, 230), 1.8)
    canvas.line([(x - 12, y + 20), (x + 12, y + 20)], (246, 240, 230), 1.8)
    for side in (-1, 1):
        inner, outer = sorted((x + side * 17, x + side * 30))
        canvas.rectangle((inner, y - 3, outer, y + 49), [mix(shutter, WHITE, 0.15), shutter])
        for slat in range(6):
            canvas.line([(inner + 2, y + 3 + slat * 8), (outer - 2, y + 3 + slat * 8)], BLACK, 1, 0.25)
    canvas.rectangle((x - 20, y + 50, x + 20, y + 55), mix(wall, WHITE, 0.6))
    canvas.rectangle((x - 20, y + 55, x + 20, y + 61), BLACK, 0.2, 2)
    if random.random() < 0.5:
        for _ in range(16):
            bloom = random.choice([(214, 64, 74), (236, 120, 130), (86, 132, 74), (70, 112, 66)])
            canvas.disc(
                (x + random.uniform(-17, 17), y + 47 + random.uniform(-4, 4)), random.uniform(2, 3.6), bloom
            )


def _lamp(canvas: Canvas, x: float, foot: float) -> None:
    iron: list[Color] = [(54, 56, 66), (36, 36, 44)]
    canvas.line([(x, foot), (x, foot - 190)], iron, 4.4)
    canvas.rectangle((x - 7, foot - 14, x + 7, foot), iron)
    canvas.glow((x, foot - 206), 60, (255, 226, 150), 0.5)
    canvas.polygon(
        [(x - 8, foot - 190), (x + 8, foot - 190), (x + 12, foot - 216), (x - 12, foot - 216)],
        [(255, 240, 196), (255, 214, 140)],
    )
    canvas.polygon([(x - 15, foot - 216), (x + 15, foot - 216), (x, foot - 230)], iron)


def _tub(canvas: Canvas, random: Random, x: float, foot: float) -> None:
    canvas.ellipse((x - 30, foot - 6, x + 40, foot + 8), BLACK, 0.3, 5)
    canvas.polygon(
        [(x - 20, foot - 30), (x + 20, foot - 30), (x + 15, foot), (x - 15, foot)],
        [(190, 108, 78), (140, 76, 58)],
    )
    for _ in range(60):
        angle, reach = random.uniform(0, math.tau), random.random() ** 0.5
        green = mix((56, 98, 60), (150, 182, 96), random.random())
        canvas.disc(
            (x + 27 * reach * math.cos(angle), foot - 56 + 29 * reach * math.sin(angle)),
            random.uniform(3, 6),
            green,
        )
