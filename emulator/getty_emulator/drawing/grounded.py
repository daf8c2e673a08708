"""Things that a refinement can paint on the ground, on a table or on the water."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from getty_emulator.drawing.canvas import BLACK, WHITE, Canvas, Color, curve, mix

if TYPE_CHECKING:
    from random import Random

_WOOD: Color = (122, 82, 58)
_LEAF: Color = (76, 122, 70)


def flower(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a flower on its stem."""
    head = (s * (0.5 + random.uniform(-0.05, 0.05)), s * 0.26)
    stem = curve([(s / 2, s), (s * (0.5 + random.uniform(-0.05, 0.05)), s * 0.62), head])
    canvas.line(stem, [mix(_LEAF, WHITE, 0.15), mix(_LEAF, BLACK, 0.25)], s * 0.022)
    for side in (-1, 1):
        base, tip = (
            (s / 2, s * random.uniform(0.66, 0.8)),
            (s * (0.5 + side * 0.2), s * random.uniform(0.5, 0.62)),
        )
        middle = ((base[0] + tip[0]) / 2, (base[1] + tip[1]) / 2)
        canvas.polygon(
            [
                *curve([base, (middle[0], middle[1] - s * 0.05), tip]),
                *curve([tip, (middle[0], middle[1] + s * 0.045), base]),
            ],
            [mix(_LEAF, WHITE, 0.2), _LEAF],
        )
    turn = random.uniform(0, math.tau)
    for ring, (petals, reach, tone) in enumerate(((8, 0.215, 0.22), (7, 0.16, 0.06), (5, 0.1, -0.16))):
        shade = mix(color, BLACK if tone > 0 else WHITE, abs(tone))
        for petal in range(petals):
            angle = turn + math.tau * (petal + ring * 0.5) / petals
            center = (
                head[0] + s * reach * 0.55 * math.cos(angle),
                head[1] + s * reach * 0.5 * math.sin(angle),
            )
            canvas.disc(center, s * reach * 0.52, [mix(shade, WHITE, 0.16), shade])
            canvas.disc(
                (center[0] - s * 0.012, center[1] - s * 0.016), s * reach * 0.2, WHITE, 0.16, s * 0.012
            )
    canvas.disc(head, s * 0.045, [(250, 214, 110), (206, 140, 50)])


def boat(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a sailing boat."""
    x, water = s * 0.5, s * 0.84
    canvas.ellipse((s * 0.14, water - s * 0.02, s * 0.86, water + s * 0.08), (20, 40, 60), 0.35, s * 0.02)
    sail = curve([(x + s * 0.02, s * 0.08), (x + s * 0.26, s * 0.44), (x + s * 0.3, s * 0.68)])
    canvas.polygon(
        [*sail, (x + s * 0.02, s * 0.68)], [mix(color, WHITE, 0.2), color, mix(color, BLACK, 0.12)]
    )
    jib = curve([(x - s * 0.02, s * 0.14), (x - s * 0.2, s * 0.46), (x - s * 0.28, s * 0.68)])
    canvas.polygon([*jib, (x - s * 0.02, s * 0.68)], [WHITE, (226, 222, 214)])
    canvas.polygon(
        [(x + s * 0.03, s * 0.3), (x + s * 0.12, s * 0.4), (x + s * 0.1, s * 0.66), (x + s * 0.03, s * 0.66)],
        WHITE,
        0.25,
        s * 0.02,
    )
    canvas.line([(x, s * 0.05), (x, s * 0.74)], [(190, 150, 110), (120, 84, 58)], s * 0.014)
    canvas.polygon([(x, s * 0.05), (x + s * 0.08, s * 0.07), (x, s * 0.1)], mix(color, BLACK, 0.1))
    hull = curve(
        [
            (s * 0.14, s * 0.72),
            (s * 0.22, s * 0.82),
            (s * 0.32, s * 0.86),
            (s * 0.68, s * 0.86),
            (s * 0.8, s * 0.8),
            (s * 0.88, s * 0.7),
        ]
    )
    canvas.polygon(hull, [(250, 246, 236), (214, 202, 188), (130, 88, 66)])
    canvas.line(
        [(s * 0.15, s * 0.735), (s * 0.5, s * 0.755), (s * 0.87, s * 0.715)],
        mix(color, BLACK, 0.15),
        s * 0.018,
    )
    for _ in range(7):
        left = s * random.uniform(0.1, 0.6)
        canvas.line([(left, s * 0.9), (left + s * 0.2, s * 0.9)], WHITE, s * 0.008, 0.4, s * 0.004)


def tree(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a tree with a crown in the color."""
    x = s / 2
    canvas.polygon(
        [(x - s * 0.045, s), (x + s * 0.045, s), (x + s * 0.018, s * 0.5), (x - s * 0.018, s * 0.5)],
        [mix(_WOOD, BLACK, 0.1), mix(_WOOD, BLACK, 0.4)],
    )
    for side in (-1, 1):
        canvas.line([(x, s * 0.72), (x + side * s * 0.14, s * 0.52)], mix(_WOOD, BLACK, 0.25), s * 0.022)
    for layer, tone in enumerate((mix(color, BLACK, 0.4), color, mix(color, (255, 240, 180), 0.4))):
        for _ in range(46):
            angle, far = random.uniform(0, math.tau), random.random() ** 0.6 * (1 - layer * 0.1)
            spot = (
                x + s * 0.32 * far * math.cos(angle) - s * 0.02 * layer,
                s * 0.37 + s * 0.29 * far * math.sin(angle) - s * 0.03 * layer,
            )
            canvas.disc(
                spot, s * random.uniform(0.03, 0.07), mix(tone, WHITE, random.random() * 0.1), 0.72, s * 0.004
            )


def fruit(canvas: Canvas, s: float, color: Color, random: Random) -> None:
    """Paint a round fruit."""
    x, y, r = s / 2, s * 0.58, s * 0.4
    canvas.ellipse((x - r * 0.9, y + r * 0.72, x + r * 1.1, y + r * 1.06), BLACK, 0.4, s * 0.03)
    canvas.disc((x, y), r, [mix(color, WHITE, 0.2), color, mix(color, (70, 24, 30), 0.4)])
    canvas.ellipse(
        (x - r * 0.1, y - r * 0.6, x + r * 0.95, y + r * 0.95), mix(color, BLACK, 0.5), 0.25, r * 0.2
    )
    canvas.disc((x - r * 0.36, y - r * 0.42), r * 0.2, WHITE, 0.62, r * 0.09)
    for _ in range(26):
        spot = (x + random.gauss(0, r * 0.36), y + random.gauss(0, r * 0.36))
        canvas.disc(spot, s * 0.006, mix(color, WHITE, 0.5), 0.5)
    canvas.line([(x, y - r * 0.9), (x + r * 0.1, y - r * 1.16)], (92, 66, 46), s * 0.03)
    leaf = curve([(x + r * 0.08, y - r * 1.05), (x + r * 0.36, y - r * 1.3), (x + r * 0.66, y - r * 1.16)])
    canvas.polygon(
        [*leaf, *curve([leaf[-1], (x + r * 0.4, y - r * 0.98), leaf[0]])], [mix(_LEAF, WHITE, 0.25), _LEAF]
    )


def umbrella(canvas: Canvas, s: float, color: Color, _: Random) -> None:
    """Paint an open umbrella."""
    x, top, rim = s / 2, s * 0.14, s * 0.5
    canvas.line([(x, top - s * 0.05), (x, s * 0.9)], [(200, 170, 130), (96, 70, 54)], s * 0.018)
    canvas.line(curve([(x, s * 0.88), (x + s * 0.02, s * 0.95), (x + s * 0.08, s * 0.93)]), _WOOD, s * 0.026)
    panels = 6
    for panel in range(panels):
        left, right = (-math.cos(math.pi * edge / panels) for edge in (panel, panel + 1))
        sides = [
            [
                (
                    x + s * 0.46 * edge * math.sin(t * math.pi / 16),
                    rim - (rim - top) * math.cos(t * math.pi / 16),
                )
                for t in range(9)
            ]
            for edge in (left, right)
        ]
        middle = (sides[0][-1][0] + sides[1][-1][0]) / 2
        scallop = curve([sides[0][-1], (middle, rim - s * 0.045), sides[1][-1]])
        tone = mix(color, BLACK, 0.05 + 0.3 * panel / panels)
        canvas.polygon([*sides[0], *scallop, *reversed(sides[1])], [mix(tone, WHITE, 0.28), tone])
        canvas.line(sides[1], mix(color, BLACK, 0.35), s * 0.006, 0.6)
    canvas.ellipse((x - s * 0.3, top + s * 0.05, x - s * 0.06, top + s * 0.22), WHITE, 0.28, s * 0.04)
