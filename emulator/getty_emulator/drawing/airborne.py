"""Things that a refinement can paint in the air."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from getty_emulator.drawing.canvas import BLACK, WHITE, Canvas, Color, Point, curve, mix

if TYPE_CHECKING:
    from random import Random

_WOOD: Color = (122, 82, 58)


def balloon(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a hot-air balloon."""
    x, y, r = s / 2, s * 0.36, s * 0.3
    second = mix(color, WHITE, 0.72) if random.random() < 0.6 else mix(color, (250, 200, 90), 0.6)
    half = curve(
        [(0, -1.0), (0.55, -0.84), (0.95, -0.32), (0.98, 0.12), (0.72, 0.66), (0.34, 1.12), (0.2, 1.3)], 5
    )
    gores = 8
    for gore in range(gores):
        left, right = (math.sin(math.pi * (edge / gores - 0.5)) for edge in (gore, gore + 1))
        outline = [(x + dx * left * r, y + dy * r) for dx, dy in half]
        outline += [(x + dx * right * r, y + dy * r) for dx, dy in reversed(half)]
        canvas.polygon(outline, color if gore % 2 else second)
    band = [(dx, dy) for dx, dy in half if -0.1 < dy < 0.34]
    ring = [(x - dx * r, y + dy * r) for dx, dy in band] + [
        (x + dx * r, y + dy * r) for dx, dy in reversed(band)
    ]
    canvas.polygon(ring, mix(color, BLACK, 0.28), 0.75)
    canvas.ellipse((x + r * 0.1, y - r, x + r * 1.1, y + r * 1.2), BLACK, 0.2, r * 0.18)
    canvas.ellipse((x - r * 0.72, y - r * 0.8, x - r * 0.12, y + r * 0.1), WHITE, 0.42, r * 0.16)
    mouth, basket = y + r * 1.3, y + r * 1.72
    for side in (-1, 1):
        canvas.line([(x + side * r * 0.19, mouth), (x + side * r * 0.13, basket)], _WOOD, s * 0.006)
    canvas.rectangle(
        (x - r * 0.17, basket, x + r * 0.17, basket + r * 0.28),
        [(168, 118, 78), (104, 66, 46)],
        1,
        0,
        r * 0.05,
    )
    canvas.line([(x - r * 0.18, basket), (x + r * 0.18, basket)], (206, 160, 112), s * 0.014)


def star(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a star with its glow."""
    x = y = s / 2
    canvas.glow((x, y), s * 0.5, color, 0.55)
    light = mix(color, WHITE, 0.55)
    turn = random.uniform(-0.2, 0.2)
    points: list[Point] = []
    for corner in range(10):
        reach = s * (0.26 if corner % 2 == 0 else 0.11)
        angle = turn + math.pi * (corner / 5 - 0.5)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    canvas.polygon(points, [mix(light, WHITE, 0.4), light, color])
    canvas.disc((x, y), s * 0.06, WHITE, 0.5, s * 0.03)


def bird(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a bird in flight."""
    x, y = s * 0.5, s * 0.56
    lift = random.uniform(0.16, 0.3)
    dark = mix(color, (40, 44, 60), 0.35)
    for side, tone in ((1, mix(dark, BLACK, 0.1)), (-1, dark)):
        wing = curve(
            [
                (x - s * 0.04, y),
                (x + side * s * 0.16, y - s * lift),
                (x + side * s * 0.44, y - s * (lift + 0.02)),
            ]
        )
        back = curve(
            [
                (x + side * s * 0.44, y - s * (lift + 0.02)),
                (x + side * s * 0.2, y - s * (lift - 0.13)),
                (x + s * 0.07, y + s * 0.03),
            ]
        )
        canvas.polygon([*wing, *back], [mix(tone, WHITE, 0.3), tone])
    body = [*curve([(x - s * 0.19, y + s * 0.02), (x, y - s * 0.05), (x + s * 0.17, y - s * 0.025)])]
    belly = [*curve([(x + s * 0.17, y - s * 0.025), (x, y + s * 0.065), (x - s * 0.19, y + s * 0.02)])]
    canvas.polygon([*body, *belly], [mix(color, WHITE, 0.25), mix(color, (60, 60, 80), 0.2)])
    canvas.polygon(
        [(x - s * 0.13, y + s * 0.01), (x - s * 0.28, y - s * 0.02), (x - s * 0.25, y + s * 0.07)], dark
    )
    canvas.polygon(
        [(x + s * 0.16, y - s * 0.035), (x + s * 0.225, y - s * 0.012), (x + s * 0.16, y + s * 0.005)],
        (236, 166, 70),
    )
    canvas.disc((x + s * 0.13, y - s * 0.024), s * 0.008, BLACK)


def moon(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a full moon."""
    x = y = s / 2
    light = mix(color, (255, 246, 220), 0.6)
    canvas.glow((x, y), s * 0.5, mix(color, WHITE, 0.4), 0.8)
    canvas.disc((x, y), s * 0.25, [mix(light, WHITE, 0.4), light, mix(light, (150, 130, 130), 0.25)])
    for _ in range(11):
        angle, far = random.uniform(0, math.tau), random.random() ** 0.5 * 0.2
        canvas.disc(
            (x + s * far * math.cos(angle), y + s * far * math.sin(angle)),
            s * random.uniform(0.012, 0.042),
            mix(light, (130, 116, 124), 0.5),
            0.42,
            s * 0.008,
        )


def sun(canvas: Canvas, s: float, color: Color, _: Random) -> None:
    """Paint the sun."""
    x = y = s / 2
    light = mix(color, (255, 238, 180), 0.4)
    canvas.glow((x, y), s * 0.5, light, 0.95)
    canvas.glow((x, y), s * 0.34, WHITE, 0.6)
    canvas.disc((x, y), s * 0.18, [mix(light, WHITE, 0.75), mix(light, WHITE, 0.3)], 1, s * 0.006)


def lantern(canvas: Canvas, s: float, color: Color, _: Random) -> None:
    """Paint a paper lantern with light in it."""
    x, y, r = s / 2, s * 0.52, s * 0.24
    canvas.glow((x, y), s * 0.5, mix(color, (255, 224, 150), 0.5), 0.75)
    canvas.line([(x, 0), (x, y - r)], (70, 54, 52), s * 0.008, 0.6)
    canvas.ellipse(
        (x - r, y - r * 0.94, x + r, y + r * 0.94),
        [mix(color, BLACK, 0.08), mix(color, (255, 226, 150), 0.42), color],
    )
    canvas.disc((x, y + r * 0.2), r * 0.6, (255, 240, 190), 0.75, r * 0.26)
    for rib in (-0.66, -0.33, 0.0, 0.33, 0.66):
        reach = r * 0.94 * math.sqrt(1 - rib * rib * 0.9)
        canvas.line(
            curve([(x - reach, y + rib * r), (x, y + rib * r + r * 0.1), (x + reach, y + rib * r)]),
            mix(color, BLACK, 0.3),
            s * 0.006,
            0.45,
        )
    for edge in (-1, 1):
        canvas.rectangle(
            (x - r * 0.36, y + edge * r * 0.94 - r * 0.07, x + r * 0.36, y + edge * r * 0.94 + r * 0.07),
            mix(color, BLACK, 0.55),
            1,
            0,
            r * 0.05,
        )
    canvas.line([(x, y + r), (x, y + r * 1.5)], mix(color, (250, 200, 90), 0.5), s * 0.018)


def butterfly(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a butterfly."""
    x, y = s / 2, s * 0.52
    fold = random.uniform(0.75, 1.0)
    for side in (-1, 1):
        for shape, tone in (
            ([(0, 0), (0.2, -0.34), (0.42, -0.3), (0.36, -0.06), (0.02, 0.02)], color),
            (
                [(0, 0), (0.3, 0.04), (0.32, 0.22), (0.14, 0.3), (0.01, 0.06)],
                mix(color, (250, 200, 90), 0.4),
            ),
        ):
            outline = curve([(x + side * fold * dx * s, y + dy * s) for dx, dy in shape])
            canvas.polygon(outline, mix(tone, BLACK, 0.55))
            inner = [
                (x + side * fold * s * 0.03 + (px - x) * 0.84, y + (py - y) * 0.84) for px, py in outline
            ]
            canvas.polygon(inner, [mix(tone, WHITE, 0.25), tone])
        canvas.disc((x + side * fold * s * 0.27, y - s * 0.2), s * 0.035, WHITE, 0.75)
        canvas.line(
            curve(
                [(x, y - s * 0.12), (x + side * s * 0.05, y - s * 0.24), (x + side * s * 0.11, y - s * 0.3)]
            ),
            BLACK,
            s * 0.009,
        )
    canvas.ellipse((x - s * 0.022, y - s * 0.14, x + s * 0.022, y + s * 0.2), [(70, 56, 60), (34, 28, 36)])


def cloud(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a cloud with a touch of color below."""
    for layer, (tone, drop) in enumerate(
        ((mix(WHITE, color, 0.5), 0.05), (mix(WHITE, color, 0.16), 0.0), (WHITE, -0.04))
    ):
        for puff in range(13):
            across = (puff + 0.5) / 13 - 0.5
            tall = math.cos(across * math.pi) * 0.17 * random.uniform(0.6, 1.1)
            center = (s * (0.5 + across * (0.8 - layer * 0.08)), s * (0.58 + drop) - s * tall * 0.7)
            canvas.disc(center, s * (0.045 + tall * 0.62), tone, 0.72, s * 0.016)


def heart(canvas: Canvas, s: float, color: Color, _: Random) -> None:
    """Paint a heart."""
    turns = [math.tau * step / 60 for step in range(60)]
    points = [
        (
            s * (0.5 + 0.023 * 16 * math.sin(t) ** 3),
            s
            * (
                0.48
                - 0.023 * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t))
            ),
        )
        for t in turns
    ]
    canvas.polygon(points, [mix(color, WHITE, 0.2), color, mix(color, BLACK, 0.3)])
    canvas.ellipse((s * 0.22, s * 0.24, s * 0.42, s * 0.4), WHITE, 0.45, s * 0.035)
